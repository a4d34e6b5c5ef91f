#include "snapshot_file.h"

#include <zstd.h>

#include <fstream>
#include <iterator>
#include <string>

namespace gilspy::replay {

constexpr int kLevel = 19;
constexpr unsigned long long kLargest = 1ULL << 28;

Result<Snapshot> load(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::kSystem, "cannot read " + file.string());
  const std::string packed{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size > kLargest) return fail(ErrorCode::kCorrupt, file.string() + " is not compressed with zstd");
  std::vector<std::byte> bytes(size);
  if (ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size()) != size) {
    return fail(ErrorCode::kCorrupt, file.string() + " is damaged");
  }
  return read_snapshot(bytes);
}

Result<void> save(const std::filesystem::path& file, const Snapshot& snapshot) {
  const std::vector<std::byte> bytes = write_snapshot(snapshot);
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size) != 0) return fail(ErrorCode::kSystem, ZSTD_getErrorName(size));
  std::ofstream out(file, std::ios::binary);
  out.write(packed.data(), static_cast<std::streamsize>(size));
  out.close();
  if (!out) return fail(ErrorCode::kSystem, "cannot write " + file.string());
  return {};
}

}  // namespace gilspy::replay
