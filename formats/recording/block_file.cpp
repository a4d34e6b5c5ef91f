#include "block_file.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "file_format.h"

namespace gilspy::recording {

struct BlockFile::Decompressor {
  Decompressor() : context(ZSTD_createDCtx(), ZSTD_freeDCtx) {}
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context;
};

BlockFile::BlockFile(platform::ByteSource& source) : source_(source), decompressor_(std::make_unique<Decompressor>()) {}

BlockFile::~BlockFile() = default;

Result<void> BlockFile::check_header() {
  std::array<std::byte, kFileHeaderBytes> bytes{};
  const auto size = source_.read(bytes);
  if (!size.has_value()) return fail(ErrorCode::kBadRecording, size.error().message());
  if (*size == 0) return fail(ErrorCode::kBadRecording, "the file is empty");
  const std::size_t known = std::min(*size, kMagic.size());
  const auto same = [](std::byte a, unsigned char b) { return std::to_integer<unsigned char>(a) == b; };
  if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(known), kMagic.begin(), same)) {
    return fail(ErrorCode::kBadRecording, "not a recording; gilspy record -f gilspy makes one");
  }
  if (*size < bytes.size()) return fail(ErrorCode::kBadRecording, "it ends before its first block: nothing is in it");
  const std::uint32_t version = get_u32(bytes.data() + kMagic.size());
  several_ = version == kOfSeveral;
  if (version == kOfOneProcess || several_) return {};
  return fail(ErrorCode::kBadRecording,
              fmt::format("a recording of format {}; this gilspy reads formats up to {}: take a newer one", version,
                          kOfSeveral));
}

BlockFile::Outcome BlockFile::next(wire::Block& block) {
  std::array<std::byte, kBlockHeaderBytes> header{};
  const std::size_t got = source_.read(header).value_or(0);
  if (got == 0) return Outcome::kNothing;
  if (got < header.size()) return Outcome::kCutOff;
  const std::uint32_t size = get_u32(header.data());
  if (get_u32(header.data() + 4) != ~size || size > ZSTD_compressBound(kMostBlockBytes)) return Outcome::kDamaged;
  packed_.resize(size);
  if (source_.read(packed_).value_or(0) < size) return Outcome::kCutOff;
  return unpack(block) ? Outcome::kBlock : Outcome::kDamaged;
}

bool BlockFile::unpack(wire::Block& block) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed_.data(), packed_.size());
  if (size > kMostBlockBytes) return false;  // "unknown" and "error" are the largest numbers
  bytes_.resize(size);
  const std::size_t done =
      ZSTD_decompressDCtx(decompressor_->context.get(), bytes_.data(), bytes_.size(), packed_.data(), packed_.size());
  if (ZSTD_isError(done) != 0 || done != size) return false;
  block.Clear();
  return block.ParseFromArray(bytes_.data(), static_cast<int>(size)) && block.number() == next_number_++;
}

}  // namespace gilspy::recording
