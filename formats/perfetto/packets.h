// Packets on their way into a file: none is kept.
#pragma once

#include <string>

#include "gilspy/byte_sink.h"
#include "gilspy/ids.h"
#include "trace.pb.h"

namespace gilspy::perfetto {

class Packets {
 public:
  explicit Packets(ByteSink& sink) : sink_(sink) {}
  ~Packets() { flush(); }
  Packets(const Packets&) = delete;
  Packets& operator=(const Packets&) = delete;

  // The next packet, empty but for what all of them have; valid until it is put.
  wire::TracePacket& next();
  wire::TracePacket& next(Nanos at);
  void put();

 private:
  void flush();

  ByteSink& sink_;
  wire::TracePacket packet_;
  std::string bytes_;
  bool is_first_ = true;
};

}  // namespace gilspy::perfetto
