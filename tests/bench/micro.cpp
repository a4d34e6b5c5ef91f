// What the steps of a tick cost, one by one, on a running Python: micro PID [options of google-benchmark]. So that a
// recording that became slower has an address.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "formats/recording/recording_sink.h"
#include "gilspy/activity.h"
#include "gilspy/aggregate.h"
#include "src/cli/attachment.h"
#include "src/sample/line_table.h"

namespace gilspy {
namespace {

constexpr int kDepth = 22;  // frames of the stacks that are made up

Pid pid{};  // of the command line

// Each benchmark meets the process anew: the first sample tells of all threads.
std::unique_ptr<cli::Attachment> attach() {
  auto made = cli::attach_now(pid, Stopping::kNever);
  if (made.has_value()) return std::move(*made);
  std::fprintf(stderr, "micro: %s\n", made.error().message().c_str());
  std::exit(66);
}

// Words of every GIL, no more: what happens between two ticks.
void glance(benchmark::State& state) {
  const auto attached = attach();
  Sample sample;
  benchmark::DoNotOptimize(attached->sampler->tick(platform::now(), sample));
  for (auto run : state) attached->sampler->glance(platform::now());
}

void tick(benchmark::State& state) {
  const auto attached = attach();
  Sample sample;
  for (auto run : state) benchmark::DoNotOptimize(attached->sampler->tick(platform::now(), sample));
}

// As many samples as a benchmark wants, a millisecond apart: all but the first, over and over.
class Samples {
 public:
  Samples() : attached_(attach()), samples_(2000) {
    for (Sample& sample : samples_) {
      if (!attached_->sampler->tick(platform::now(), sample).has_value()) break;
    }
    now_ = samples_.front().time;
  }

  const Sample& next() {
    Sample& sample = samples_[at_];
    at_ = at_ + 1 < samples_.size() ? at_ + 1 : 1;
    now_ += Nanos(1'000'000);
    sample.time = now_;
    return sample;
  }
  const StackTable& stacks() const { return *attached_->stacks; }

 private:
  std::unique_ptr<cli::Attachment> attached_;
  std::vector<Sample> samples_;
  std::size_t at_ = 0;
  Nanos now_{0};
};

void classify_and_aggregate(benchmark::State& state) {
  Samples samples;
  Classifier classifier;
  Aggregator aggregator;
  for (auto run : state) {
    const Sample& sample = samples.next();
    aggregator.add(sample, classifier.classify(sample));
  }
}

void encode(benchmark::State& state) {
  Samples samples;
  const auto file = platform::append_file("/dev/null");
  recording::RecordingFile written(*file, recording::RecordingFile::Of::kOneProcess);
  recording::RecordingSink sink(written, samples.stacks());
  sink.begin({});
  for (auto run : state) {
    sink.add(samples.next());
    if (sink.block_is_full()) sink.end_block({});
  }
  sink.end({}, "");
}

void intern_stack(benchmark::State& state) {
  StackTable table;
  std::vector<FrameId> frames;
  for (int i = 0; i < kDepth; ++i) frames.push_back(table.intern({"function" + std::to_string(i), "file.py", i, 1}));
  for (auto run : state) {
    StackId stack = kNoStack;
    for (const FrameId frame : frames) stack = table.child(stack, frame);
    benchmark::DoNotOptimize(stack);
  }
}

// 3.11 and later: entries of one code unit each that advance the line by one.
void decode_line(benchmark::State& state) {
  constexpr int kEntries = 200;
  constexpr std::byte kShortForm{0x80 | (11 << 3)};  // line + 1, columns in two bytes
  std::vector<std::byte> table;
  for (int i = 0; i < kEntries; ++i) table.insert(table.end(), {kShortForm, std::byte{0}, std::byte{4}});
  const sample::LineTable lines(LineFormat::kLocations, table, 1);
  std::uint32_t offset = 0;
  for (auto run : state) benchmark::DoNotOptimize(lines.line_at(offset = (offset + 2) % (2 * kEntries)));
}

BENCHMARK(glance);
BENCHMARK(tick);
BENCHMARK(classify_and_aggregate);
BENCHMARK(encode);
BENCHMARK(intern_stack);
BENCHMARK(decode_line);

}  // namespace
}  // namespace gilspy

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const int number = argc == 2 ? std::atoi(argv[1]) : 0;
  if (number <= 0) {
    std::fputs("usage: micro PID [--benchmark_...]\n", stderr);
    return 64;
  }
  gilspy::pid = gilspy::Pid{number};
  benchmark::RunSpecifiedBenchmarks();
}
