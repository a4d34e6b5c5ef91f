// Reads the data of a page back, as its script does: an implementation of its own, so that writer and reader can
// differ.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gilspy/activity.h"

namespace gilspy {

struct ReadStretch {
  std::int64_t from = 0;  // microseconds, as all times here
  std::int64_t to = 0;
  std::uint64_t stack = 0;
  std::size_t activity = 0;
  std::uint64_t lock = 0;  // its place in the header's plus 1
};

struct ReadTenure {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::uint64_t holder = 0;
  std::uint64_t unseen = 0;
};

struct ReadPage {
  rapidjson::Document header;
  std::vector<std::uint64_t> parents;  // by stack, 0 is none
  std::vector<std::uint64_t> frames;
  std::vector<std::vector<ReadStretch>> lanes;
  std::vector<std::vector<ReadTenure>> tenures;
  std::vector<double> cpus;

  std::string stack_text(std::uint64_t stack) const {
    std::string text;
    for (; stack != 0; stack = parents[stack]) {
      text = std::string(header["frames"][static_cast<rapidjson::SizeType>(frames[stack])].GetString()) +
             (text.empty() ? "" : ";") + text;
    }
    return text;
  }
};

class PageReader {
 public:
  explicit PageReader(std::string_view base64) : bytes_(inflated(decoded(base64))) {}

  void read(ReadPage& page) {
    const std::uint64_t length = number();
    page.header.Parse(bytes_.data() + at_, length);
    at_ += length;
    EXPECT_FALSE(page.header.HasParseError());
    const std::uint64_t stacks = number();
    page.parents.assign(stacks + 1, 0);
    page.frames.assign(stacks + 1, 0);
    for (std::uint64_t i = 1; i <= stacks; ++i) {
      const std::uint64_t distance = number();
      page.parents[i] = distance == 0 ? 0 : i - distance;
    }
    for (std::uint64_t i = 1; i <= stacks; ++i) page.frames[i] = number();
    for (std::uint64_t lanes = number(); lanes > 0; --lanes) page.lanes.push_back(lane());
    for (std::uint64_t gils = number(); gils > 0; --gils) page.tenures.push_back(gil_tenures());
    const std::uint64_t uses = number();
    column(2 * uses);
    for (const std::uint64_t use : column(uses)) page.cpus.push_back(double(use) / 1000);
    EXPECT_EQ(at_, bytes_.size());
  }

 private:
  static std::string decoded(std::string_view text) {
    std::string bytes;
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
      if (c == '=') break;
      const std::uint32_t digit = static_cast<std::uint32_t>(
          std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c));
      group = group << 6 | digit;
      bits += 6;
      if (bits >= 8) bytes += static_cast<char>(group >> (bits -= 8) & 0xff);
    }
    return bytes;
  }

  static std::string inflated(const std::string& packed) {
    std::string out(256 << 20, '\0');
    uLongf size = out.size();
    EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(packed.data()),
                         packed.size()),
              Z_OK);
    out.resize(size);
    return out;
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      if (at_ >= bytes_.size()) throw std::out_of_range("the page's data is cut off");
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
  }

  std::vector<std::uint64_t> column(std::uint64_t count) {
    std::vector<std::uint64_t> numbers(count);
    for (std::uint64_t& n : numbers) n = number();
    return numbers;
  }

  std::vector<ReadStretch> lane() {
    const std::uint64_t count = number();
    const std::vector<std::uint64_t> activities = column(count);
    std::vector<std::uint64_t> holes(count, 0);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (activities[i] >= kActivityCount) holes[i] = number();
    }
    const std::vector<std::uint64_t> lengths = column(count), stacks = column(count);
    std::vector<ReadStretch> stretches;
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      at += holes[i];
      const auto activity = static_cast<std::size_t>(activities[i] % kActivityCount);
      const bool may_wait = activity == index_of(Activity::kWaitsForLock) ||
                            activity == index_of(Activity::kStopTheWorld) || activity == index_of(Activity::kBlocked);
      stretches.push_back({.from = static_cast<std::int64_t>(at),
                           .to = static_cast<std::int64_t>(at + lengths[i]),
                           .stack = stacks[i],
                           .activity = activity,
                           .lock = may_wait ? number() : 0});
      at += lengths[i];
    }
    return stretches;
  }

  std::vector<ReadTenure> gil_tenures() {
    const std::uint64_t count = number();
    const std::vector<std::uint64_t> holders = column(count), holes = column(count), lengths = column(count);
    const std::vector<std::uint64_t> unseen = column(count);
    std::vector<ReadTenure> tenures;
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t from = at + holes[i];
      tenures.push_back({.from = static_cast<std::int64_t>(from),
                         .to = static_cast<std::int64_t>(from + lengths[i]),
                         .holder = holders[i],
                         .unseen = unseen[i]});
      if (lengths[i] > 0) at = from + lengths[i];
    }
    return tenures;
  }

  std::string bytes_;
  std::size_t at_ = 0;
};

// What lies between the tags of the element with this id.
inline std::string element(const std::string& page, const std::string& id) {
  const std::size_t place = page.find("id=\"" + id + "\"");
  if (place == page.npos) return {};
  const std::size_t begin = page.find('>', place) + 1;
  return page.substr(begin, page.find("</script>", begin) - begin);
}

}  // namespace gilspy
