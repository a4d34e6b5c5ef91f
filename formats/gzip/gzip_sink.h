// Bytes that leave as a .gz: what is written is packed at once and not kept.
#pragma once

#include <memory>
#include <string_view>

#include "gilspy/byte_sink.h"

namespace gilspy::formats {

class GzipSink : public ByteSink {
 public:
  explicit GzipSink(ByteSink& to);  // which must outlive it
  ~GzipSink() override;

  void write(std::string_view bytes) override;
  void finish();  // to be called once, behind the last byte

 private:
  struct Stream;

  void pump(int flush);

  ByteSink& to_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace gilspy::formats
