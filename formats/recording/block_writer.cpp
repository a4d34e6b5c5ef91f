#include "block_writer.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "file_format.h"
#include "run_messages.h"

namespace gilspy::recording {
namespace {

constexpr std::size_t kMostQueued = 4;
constexpr int kLevel = 3;  // higher ones take several times as long and gain a few percent on columns

std::string serialized(const FilledBlock& block, std::uint32_t number) {
  wire::Block message;
  message.set_number(number);
  if (block.facts) fill(*message.mutable_header(), *block.facts);
  message.set_process(block.process);
  message.set_ticks(block.ticks);
  message.set_frames(block.frames);
  message.set_nodes(block.nodes);
  for (std::size_t i = 0; i < block.columns.size(); ++i) {
    if (block.columns[i].empty()) continue;
    wire::Column& column = *message.add_columns();
    column.set_kind(static_cast<Kind>(i));
    column.set_values(block.columns[i]);
  }
  if (!block.program) fill(*message.mutable_update(), block.update);
  if (block.end_note) message.mutable_end()->set_note(*block.end_note);
  if (block.program) {
    message.mutable_program_end()->set_note(block.program->note);
    for (const std::string& line : block.program->unread) message.mutable_program_end()->add_unread(line);
  }
  return message.SerializeAsString();
}

}  // namespace

struct BlockWriter::Compressor {
  Compressor() : context(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  }
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context;
};

BlockWriter::BlockWriter(platform::AppendFile& file, std::uint32_t version)
    : file_(file), version_(version), compressor_(std::make_unique<Compressor>()) {
  // Signals are for the thread that samples: Ctrl-Z has to wait there as long as somebody stands still for a read.
  const platform::WithoutSignals quiet;
  thread_ = std::thread([this] { run(); });
}

BlockWriter::~BlockWriter() {
  if (thread_.joinable()) static_cast<void>(close());
}

void BlockWriter::push(FilledBlock block) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() < kMostQueued || failed(); });
  if (failed()) return;
  queue_.push_back(std::move(block));
  changed_.notify_all();
}

Result<void> BlockWriter::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  if (error_) return tl::unexpected(*error_);
  return {};
}

Nanos BlockWriter::written_until() const {
  const std::lock_guard lock(mutex_);
  return written_until_;
}

void BlockWriter::run() {
  std::unique_lock lock(mutex_);
  while (!error_) {
    changed_.wait(lock, [this] { return !queue_.empty() || closing_; });
    if (queue_.empty()) break;
    FilledBlock block = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
    lock.unlock();
    auto written = write(block);
    lock.lock();
    if (written.has_value()) {
      written_until_ = std::max(written_until_, block.until);
      continue;
    }
    error_ = std::move(written).error();
    failed_.store(true, std::memory_order_relaxed);
    changed_.notify_all();
  }
  // What was written is whole either way; if closing fails as well, the first failure says why.
  auto closed = file_.close();
  if (closed.has_value() || error_) return;
  error_ = std::move(closed).error();
  failed_.store(true, std::memory_order_relaxed);
}

Result<void> BlockWriter::write(const FilledBlock& block) {
  const std::string message = serialized(block, next_number_);
  if (message.size() > kMostBlockBytes) return fail(ErrorCode::kCannotWrite, "a tick is too large for the recording");
  const std::size_t header = next_number_ == 0 ? kFileHeaderBytes : 0;
  const std::size_t begin = header + kBlockHeaderBytes;
  bytes_.resize(begin + ZSTD_compressBound(message.size()));
  const std::size_t size = ZSTD_compress2(compressor_->context.get(), bytes_.data() + begin, bytes_.size() - begin,
                                          message.data(), message.size());
  if (ZSTD_isError(size) != 0) return fail(ErrorCode::kCannotWrite, fmt::format("zstd: {}", ZSTD_getErrorName(size)));
  if (header > 0) {
    std::ranges::transform(kMagic, bytes_.begin(), [](unsigned char c) { return static_cast<std::byte>(c); });
    put_u32(bytes_.data() + kMagic.size(), version_);
  }
  put_u32(bytes_.data() + header, static_cast<std::uint32_t>(size));
  put_u32(bytes_.data() + header + 4, ~static_cast<std::uint32_t>(size));
  GILSPY_CHECK(file_.append(std::span(bytes_).first(begin + size)));
  ++next_number_;
  return {};
}

}  // namespace gilspy::recording
