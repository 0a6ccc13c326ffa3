"""The client's side of RFC 2217 against pyserial's own server, and any bytes at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serial.rfc2217 import PortManager

from devices.transports.rfc2217 import ComPort
from simulators.wire.scale import LineSettings


class _Wire:
    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    def take(self) -> bytes:
        data, self.sent = self.sent, b""
        return data


@pytest.mark.parametrize(("baud", "bits", "parity", "stop"), [(9600, 8, "N", 1), (2400, 7, "E", 1), (19200, 7, "O", 2)])
def test_the_line_is_set_and_confirmed(baud: int, bits: int, parity: str, stop: int) -> None:
    line, wire = LineSettings(), _Wire()
    server, client = PortManager(line, wire), ComPort(baud, bits, parity, stop)
    to_server = client.hello()
    for _ in range(10):
        list(server.filter(to_server))
        payload, to_server = client.feed(wire.take())
        assert payload == b""
    assert client.ready and not client.differing and not client.refused and to_server == b""
    assert (line.baudrate, line.bytesize, line.parity, line.stopbits) == (baud, bits, parity, stop)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
def test_data_passes_unchanged_in_any_pieces(data: bytes, cut: int) -> None:
    server, client = PortManager(LineSettings(), _Wire()), ComPort(9600)
    assert b"".join(server.filter(client.escape(data))) == data
    sent = b"".join(server.escape(data))
    assert b"".join(client.feed(sent[i : i + cut])[0] for i in range(0, len(sent), cut)) == data


@settings(deadline=None)
@given(st.lists(st.binary(max_size=100), max_size=10))
def test_no_bytes_raise_and_answers_end(chunks: list[bytes]) -> None:
    client = ComPort(9600)
    answers = [client.feed(chunk)[1] for chunk in chunks]
    assert len(b"".join(answers)) < 256 * 2 * 3 + 100


def test_a_server_with_other_settings_or_none_is_noticed() -> None:
    client = ComPort(9600)
    client.feed(b"\xff\xfd\x2c" + b"\xff\xfa\x2c\x65\x00\x00\x04\xb0\xff\xf0")
    assert client.differing == {1: (1200).to_bytes(4, "big")}
    other = ComPort(9600)
    other.feed(b"\xff\xfe\x2c")
    assert other.refused
