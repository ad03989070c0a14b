"""tensors: what is encoded comes back, and broken bytes are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst
from tritonclient.grpc import service_pb2
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from inference_server.tensors import Tensor, decode, decode_response, encode, encode_request

_SHAPES = nst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
_NUMBERS = st.sampled_from(["?", "u1", "<u2", "u4", "u8", "i1", "i2", "i4", ">i4", "i8", "f2", "f4", ">f4", "f8"])
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(_NUMBERS.flatmap(lambda dtype: nst.arrays(np.dtype(dtype), _SHAPES)))
def test_numbers_round_trip(array: Tensor) -> None:
    back = decode(*encode(array))
    assert back.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(back, array)


@given(nst.arrays(np.object_, _SHAPES, elements=_TEXT))
def test_strings_round_trip(array: Tensor) -> None:
    data_type, shape, raw = encode(array)
    assert data_type == "BYTES"
    back = decode(data_type, shape, raw)
    assert back.shape == array.shape
    assert back.ravel().tolist() == array.ravel().tolist()


@given(st.lists(_TEXT, min_size=1, max_size=5))
def test_strings_travel_as_tritonclient_sends_them(texts: list[str]) -> None:
    _, shape, raw = encode(texts)
    assert shape == (len(texts),)
    assert raw == serialize_byte_tensor(np.array(texts, np.object_)).item()
    assert [item.decode() for item in deserialize_bytes_tensor(raw)] == texts


def test_numpy_strings_and_bytes_are_strings() -> None:
    assert decode(*encode(np.array([["你好", "a"]]))).tolist() == [["你好", "a"]]
    assert decode(*encode(np.array([b"\xff", "é".encode()], np.object_))).tolist() == ["\ufffd", "é"]


def test_a_lone_string_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"\['text'\]"):
        encode("text")


@pytest.mark.parametrize("array", [np.array([1 + 2j]), np.array(["2026-01-01"], "datetime64[D]"), np.array([1, None])])
def test_types_the_protocol_lacks_are_refused(array: Tensor) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        encode(array)


@pytest.mark.parametrize("raw", [b"\x01", b"\x05\x00\x00\x00ab", b"\x01\x00\x00\x00a\x00"])
def test_torn_strings_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="ends inside"):
        decode("BYTES", (1,), raw)


def test_a_request_names_its_tensors() -> None:
    request = encode_request("m", {"A": np.zeros((2, 3), np.float32), "B": ["x"]})
    assert request.model_name == "m"
    assert [(t.name, t.datatype, list(t.shape)) for t in request.inputs] == [("A", "FP32", [2, 3]), ("B", "BYTES", [1])]
    assert [len(raw) for raw in request.raw_input_contents] == [24, 5]


def test_a_response_without_contents_is_refused() -> None:
    response = service_pb2.ModelInferResponse()
    response.outputs.add(name="A", datatype="FP32", shape=[1])
    with pytest.raises(ValueError, match="0 raw contents"):
        decode_response(response)
