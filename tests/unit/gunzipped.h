// What is in a .gz.
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>

namespace gilspy {

inline std::string gunzipped(const std::string& packed) {
  constexpr int kGzip = 16;
  z_stream zlib{};
  if (inflateInit2(&zlib, MAX_WBITS + kGzip) != Z_OK) throw std::runtime_error("zlib does not start");
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  zlib.avail_in = static_cast<uInt>(packed.size());
  std::string all;
  std::string piece(1 << 16, '\0');
  int outcome = Z_OK;
  while (outcome == Z_OK) {
    zlib.next_out = reinterpret_cast<Bytef*>(piece.data());
    zlib.avail_out = static_cast<uInt>(piece.size());
    outcome = inflate(&zlib, Z_NO_FLUSH);
    all.append(piece, 0, piece.size() - zlib.avail_out);
  }
  const bool whole = outcome == Z_STREAM_END && zlib.avail_in == 0;
  inflateEnd(&zlib);
  if (!whole) throw std::runtime_error("not a whole .gz, or more than one");
  return all;
}

}  // namespace gilspy
