#include "gzip_sink.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace gilspy::formats {
namespace {

constexpr std::size_t kPiece = 1 << 16;
constexpr int kGzip = 16;  // added to the window: a header that says neither name nor time, so that bytes repeat

}  // namespace

struct GzipSink::Stream {
  z_stream zlib{};
  std::array<char, kPiece> out{};
};

GzipSink::GzipSink(ByteSink& to) : to_(to), stream_(std::make_unique<Stream>()) {
  // It can fail for want of memory only, and then nothing else would work either.
  deflateInit2(&stream_->zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, 8, Z_DEFAULT_STRATEGY);
}

GzipSink::~GzipSink() { deflateEnd(&stream_->zlib); }

void GzipSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = std::min<std::size_t>(bytes.size(), 1U << 30);
    stream_->zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_->zlib.avail_in = static_cast<uInt>(length);
    pump(Z_NO_FLUSH);
    bytes.remove_prefix(length);
  }
}

void GzipSink::finish() { pump(Z_FINISH); }

// Until all that was put in has been taken: deflate() then leaves room in the output.
void GzipSink::pump(int flush) {
  z_stream& zlib = stream_->zlib;
  do {
    zlib.next_out = reinterpret_cast<Bytef*>(stream_->out.data());
    zlib.avail_out = static_cast<uInt>(stream_->out.size());
    deflate(&zlib, flush);
    const std::size_t made = stream_->out.size() - zlib.avail_out;
    if (made > 0) to_.write({stream_->out.data(), made});
  } while (zlib.avail_out == 0);
}

}  // namespace gilspy::formats
