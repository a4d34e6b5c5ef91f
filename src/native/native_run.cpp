#include "native_run.h"

#include <algorithm>
#include <utility>

#include "address_space.h"
#include "gilspy/platform.h"
#include "merge.h"
#include "symboliser.h"

namespace gilspy::native {
namespace {

using std::chrono_literals::operator""ms;

constexpr Nanos kRefreshEvery = 100ms;  // of what is mapped, where an address lies in nothing that is known

}  // namespace

class NativeRun::Worker {
 public:
  Worker(Target& target, const PythonTypes& types, std::string interpreter)
      : space_(target),
        unwinder_(platform::make_unwinder(space_)),
        symboliser_(space_, types, std::move(interpreter), target.identity().root) {
    const platform::WithoutSignals quiet;  // they are for the thread that samples
    thread_ = std::thread([this] { run(); });
  }

  ~Worker() {
    {
      const std::lock_guard guard(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void add(std::shared_ptr<NativeJob> job) {
    {
      const std::lock_guard guard(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_all();
  }

  void await(const NativeJob& job) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return job.done.load(); });
  }

 private:
  void run() {
    for (;;) {
      std::shared_ptr<NativeJob> job;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return over_ || !jobs_.empty(); });
        if (over_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      work(*job);
      {
        const std::lock_guard guard(mutex_);
        job->done = true;
      }
      changed_.notify_all();
    }
  }

  void work(NativeJob& job) {
    const Nanos now = platform::now();
    if (now >= next_refresh_) {
      next_refresh_ = now + kRefreshEvery;
      space_.allow_refresh();
    }
    NativeTrace trace = unwinder_->unwind(job.copy);
    if (!is_of_what_is_mapped(trace)) {
      changes_ = space_.changes();
      unwinder_->forget_images();
      trace = unwinder_->unwind(job.copy);
    }
    job.unwound.whole = trace.whole;
    for (const NativeTrace::Call& call : trace.calls) {
      job.unwound.calls.push_back({call.stack, symboliser_.at(call.address)});
    }
    if (!trace.calls.empty() && job.copy.system_call >= 0) {
      auto& innermost = job.unwound.calls.front().functions;
      innermost.insert(innermost.begin(), symboliser_.system_call(job.copy.system_call));
    }
    job.copy.stack = {};
  }

  // A library may lie where another one did a moment ago.
  bool is_of_what_is_mapped(const NativeTrace& trace) {
    std::vector<RemoteAddr> addresses;
    for (const NativeTrace::Call& call : trace.calls) addresses.push_back(call.address);
    return space_.is_up_to_date(addresses) && changes_ == space_.changes();
  }

  AddressSpace space_;
  std::unique_ptr<Unwinder> unwinder_;
  Symboliser symboliser_;
  std::uint64_t changes_ = 0;
  Nanos next_refresh_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<NativeJob>> jobs_;
  bool over_ = false;
  std::thread thread_;
};

NativeRun::NativeRun(Target& target, const RuntimeLayout& layout, std::string interpreter, NativeFrames which,
                     StackTable& stacks)
    : which_(which),
      stacks_(stacks),
      worker_(std::make_unique<Worker>(target, python_types(layout), std::move(interpreter))) {}

NativeRun::~NativeRun() = default;

void NativeRun::submit(Sample sample) {
  for (const NativePart& part : sample.natives) {
    if (!std::exchange(part.job->submitted, true)) worker_->add(part.job);
  }
  samples_.push_back(std::move(sample));
}

bool NativeRun::is_done(const Sample& sample) const {
  return std::ranges::all_of(sample.natives, [](const NativePart& part) { return part.job->done.load(); });
}

std::optional<Sample> NativeRun::take(bool wait) {
  if (samples_.empty()) return std::nullopt;
  for (const NativePart& part : samples_.front().natives) {
    if (wait && !part.job->done) worker_->await(*part.job);
  }
  if (!is_done(samples_.front())) return std::nullopt;
  Sample sample = std::move(samples_.front());
  samples_.pop_front();
  finish(sample);
  return sample;
}

void NativeRun::finish(Sample& sample) {
  for (const NativePart& part : std::exchange(sample.natives, {})) {
    NativeJob& job = *part.job;
    ThreadFacts& facts = sample.threads[part.facts];
    if (!std::exchange(job.merged, true)) {
      const Merged merged = merge(job.copy, std::exchange(job.unwound, {}), which_, stacks_);
      job.stack = merged.stack;
      job.quality = merged.quality;
      if (job.quality == NativeQuality::kWhole && job.copy.python != kNoStack)
        learn_outer_part(facts.thread, job.stack);
    }
    facts.stack = job.stack;
    facts.native = job.quality;
  }
  for (ThreadFacts& facts : sample.threads) {
    const bool lacks_it = facts.native == NativeQuality::kLost || facts.native == NativeQuality::kCut;
    if (lacks_it) facts.stack = with_outer_part(facts.thread, facts.stack);
    if (facts.ended) outer_parts_.erase(to_int(facts.thread));
  }
}

void NativeRun::learn_outer_part(ThreadIndex thread, StackId merged) {
  const auto [entry, is_new] = outer_parts_.try_emplace(to_int(thread));
  if (!is_new) return;
  entry->second = stacks_.frames_of(merged);
  const auto is_python = [this](FrameId frame) { return !stacks_.frame(frame).native; };
  entry->second.erase(std::ranges::find_if(entry->second, is_python), entry->second.end());
}

StackId NativeRun::with_outer_part(ThreadIndex thread, StackId stack) {
  const auto known = outer_parts_.find(to_int(thread));
  const std::vector<FrameId> frames = stacks_.frames_of(stack);
  const auto is_python = [this](FrameId frame) { return !stacks_.frame(frame).native; };
  const auto python = std::ranges::find_if(frames, is_python);
  if (known == outer_parts_.end() || python == frames.end()) return stack;
  StackId whole = kNoStack;
  for (const FrameId frame : known->second) whole = stacks_.child(whole, frame);
  // One that was cut may have some of it itself.
  for (auto frame = python; frame != frames.end(); ++frame) whole = stacks_.child(whole, *frame);
  return whole;
}

}  // namespace gilspy::native
