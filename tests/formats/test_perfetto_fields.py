"""formats/perfetto/trace.proto against Perfetto's own messages: what we write means the same to everybody.

Needs protoc and PyPI's perfetto with protobuf, which `./dev test` puts into gilspy's cache.
"""
import shutil
import subprocess
import sys
import unittest

import pytest

import viewers

PROTO = viewers.ROOT / "formats" / "perfetto" / "trace.proto"
OTHER_NAMES = {"Timebase": "PerfEvents.Timebase"}
SAME_BYTES = {"TYPE_ENUM": "TYPE_INT32"}  # theirs: ours


@pytest.fixture(scope="module")
def official():
    places = sorted(viewers.CACHE.glob("perfetto-[0-9]*"))
    if not places:
        try:
            viewers.missing("fields against Perfetto's own messages (./dev test gets them)")
        except unittest.SkipTest as reason:
            pytest.skip(str(reason))
    sys.path.insert(0, str(places[-1]))
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2
    return perfetto_trace_pb2


@pytest.fixture(scope="module")
def ours(official, tmp_path_factory):
    from google.protobuf import descriptor_pb2
    assert shutil.which("protoc"), "the build needs protoc"
    out = tmp_path_factory.mktemp("proto") / "set.pb"
    subprocess.run(["protoc", f"--descriptor_set_out={out}", f"--proto_path={PROTO.parent}", PROTO.name], check=True)
    return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file[0]


def their_fields(official, name):
    from google.protobuf import descriptor_pb2
    message = official
    for part in OTHER_NAMES.get(name, name).split("."):
        message = getattr(message, part)
    proto = descriptor_pb2.DescriptorProto()
    message.DESCRIPTOR.CopyToProto(proto)
    return {field.name: field for field in proto.field}


def test_fields_are_theirs(official, ours):
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
    seen = 0
    for message in ours.message_type:
        fields = their_fields(official, message.name)
        for field in message.field:
            theirs = fields[field.name]
            assert field.number == theirs.number, f"{message.name}.{field.name}"
            assert field.label == theirs.label, f"{message.name}.{field.name}"
            kind = Field.Type.Name(theirs.type)
            assert Field.Type.Name(field.type) == SAME_BYTES.get(kind, kind), f"{message.name}.{field.name}"
            seen += 1
    assert seen > 50


@pytest.mark.parametrize("source", ["hostile", *viewers.RECORDINGS], ids=lambda source: getattr(source, "stem", source))
def test_they_know_every_field_that_we_write(official, source, tmp_path):
    path = tmp_path / "x.pftrace"
    viewers.write_timeline(source, path)
    trace = official.Trace.FromString(path.read_bytes())
    assert len(trace.packet) > 50
    assert trace.packet[0].sequence_flags == official.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
    for packet in trace.packet:
        before = packet.ByteSize()
        packet.DiscardUnknownFields()
        assert packet.ByteSize() == before
    kinds = {packet.track_event.type for packet in trace.packet if packet.HasField("track_event")}
    event = official.TrackEvent
    assert kinds <= {event.TYPE_SLICE_BEGIN, event.TYPE_SLICE_END, event.TYPE_COUNTER}
