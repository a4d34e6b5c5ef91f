#include "encode.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "header.h"

namespace gilspy::html {
namespace {

using Column = std::string;

void put(Column& column, std::uint64_t number) {
  while (number >= 0x80) {
    column += static_cast<char>(number | 0x80);
    number >>= 7;
  }
  column += static_cast<char>(number);
}

std::uint64_t micros(Nanos time) { return static_cast<std::uint64_t>((std::max(time, Nanos{0}).count() + 500) / 1000); }

// Turns what begins and ends into a hole before it and its length.
class Track {
 public:
  struct Step {
    std::uint64_t hole = 0;
    std::uint64_t length = 0;
  };
  Step step(Nanos from, Nanos to) {
    const std::uint64_t begin = std::max(micros(from), at_), end = std::max(micros(to), begin);
    const Step step{.hole = begin - at_, .length = end - begin};
    if (step.length > 0) at_ = end;
    return step;
  }

 private:
  std::uint64_t at_ = 0;
};

void put_stacks(Column& out, const StackTable& table) {
  put(out, table.stack_count() - 1);
  for (std::size_t i = 1; i < table.stack_count(); ++i) {
    const StackId parent = table.parent(StackId(i));
    put(out, parent == kNoStack ? 0 : i - to_int(parent));
  }
  for (std::size_t i = 1; i < table.stack_count(); ++i) put(out, to_int(table.leaf(StackId(i))));
}

// data.js knows the same ones.
bool may_have_lock(Activity activity) {
  return activity == Activity::kWaitsForLock || activity == Activity::kStopTheWorld || activity == Activity::kBlocked;
}

void put_lane(Column& out, const Lane& lane) {
  Column activities, holes, lengths, stacks, locks;
  std::uint64_t count = 0;
  Track track;
  for (const Stretch& stretch : lane) {
    const Track::Step step = track.step(stretch.from, stretch.to);
    if (step.length == 0) continue;
    ++count;
    put(activities, index_of(stretch.activity) + (step.hole > 0 ? kActivityCount : 0));
    if (step.hole > 0) put(holes, step.hole);
    put(lengths, step.length);
    put(stacks, to_int(stretch.stack));
    if (may_have_lock(stretch.activity)) put(locks, stretch.lock <= kMostLocks ? stretch.lock : 0);
  }
  put(out, count);
  out += activities + holes + lengths + stacks + locks;
}

void put_tenures(Column& out, const std::vector<Tenure>& tenures) {
  Column holders, holes, lengths, unseen;
  Track track;
  for (const Tenure& tenure : tenures) {
    const Track::Step step = track.step(tenure.from, tenure.to);
    put(holders, to_int(tenure.holder));
    put(holes, step.hole);
    put(lengths, step.length);
    put(unseen, tenure.unseen);
  }
  put(out, tenures.size());
  out += holders + holes + lengths + unseen;
}

void put_cpus(Column& out, const std::vector<CpuUse>& uses) {
  Column holes, lengths, cpus;
  Track track;
  for (const CpuUse& use : uses) {
    const Track::Step step = track.step(use.from, use.to);
    put(holes, step.hole);
    put(lengths, step.length);
    put(cpus, static_cast<std::uint64_t>(std::clamp(use.cpus, 0.0, 1e6) * 1000 + 0.5));
  }
  put(out, uses.size());
  out += holes + lengths + cpus;
}

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  // It can fail for want of memory only, and then nothing else would work either.
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
            static_cast<uLong>(bytes.size()), Z_BEST_COMPRESSION);
  out.resize(size);
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve(bytes.size() / 3 * 4 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    const std::size_t letters = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t k = 0; k < 4; ++k) text += k < letters ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

}  // namespace

std::string encoded(const PageData& data, std::string_view header) {
  std::string out;
  put(out, header.size());
  out += header;
  put_stacks(out, data.table);
  put(out, data.timeline.lanes.size());
  for (const Lane& lane : data.timeline.lanes) put_lane(out, lane);
  put(out, data.timeline.tenures.size());
  for (const std::vector<Tenure>& tenures : data.timeline.tenures) put_tenures(out, tenures);
  put_cpus(out, data.timeline.cpus);
  return base64(deflated(out));
}

}  // namespace gilspy::html
