// Columns of numbers in as few bytes as a varint coding gives, and the two codecs between them and a sample's fields:
// ColumnWriter and ColumnReader have the same members, so that facts.h says once what stands where.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gilspy/ids.h"
#include "recording.pb.h"

namespace gilspy::recording {

using Kind = wire::ColumnKind;
inline constexpr std::size_t kKinds = wire::ColumnKind_MAX + 1;

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

void put_varint(std::string& to, std::uint64_t value);
// Takes it off the front. Nothing: the bytes end before it does, or it is none.
std::optional<std::uint64_t> take_varint(std::string_view& from);

// A value as the number that stands in a column, and back. Signed ones are zigzag-coded.
template <typename T>
constexpr std::uint64_t to_wire(T value) {
  if constexpr (std::is_same_v<T, Nanos>) {
    return zigzag(value.count());
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<std::uint64_t>(to_int(value));
  } else if constexpr (std::is_signed_v<T>) {
    return zigzag(value);
  } else {
    return value;
  }
}

// False: the number does not fit.
template <typename T>
constexpr bool from_wire(std::uint64_t number, T& value) {
  if constexpr (std::is_same_v<T, Nanos>) {
    value = Nanos(unzigzag(number));
    return true;
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(number);
    return static_cast<std::uint64_t>(to_int(value)) == number;
  } else if constexpr (std::is_signed_v<T>) {
    value = static_cast<T>(unzigzag(number));
    return value == unzigzag(number);
  } else {
    value = static_cast<T>(number);
    return value == number;
  }
}

// As many low bits of a number as its values need, up to `most`.
template <typename T>
struct Bits {
  T& value;
  int width;
  T most;
};
template <typename T>
Bits(T&, int, std::type_identity_t<std::remove_const_t<T>>) -> Bits<T>;

class ColumnWriter {
 public:
  static constexpr bool kWrites = true;

  template <typename T>
  void plain(Kind kind, const T& value) {
    put(column(kind), to_wire(value));
  }
  // For what seldom changes.
  template <typename T>
  void runs(Kind kind, const T& value) {
    Run& run = runs_[static_cast<std::size_t>(kind)];
    const std::uint64_t number = to_wire(value);
    if (run.length > 0 && run.value != number) end_run(kind);
    run.value = number;
    ++run.length;
  }
  template <typename T>
  void delta(Kind kind, const T& value, std::uint64_t base) {
    put(column(kind), zigzag(static_cast<std::int64_t>(number_of(value) - base)));
  }
  template <typename T>
  void delta_runs(Kind kind, const T& value, std::uint64_t base) {
    runs(kind, static_cast<std::int64_t>(number_of(value) - base));
  }
  void text(Kind kind, const std::string& value);
  template <typename... T>
  void bits(Kind kind, const Bits<T>&... parts) {
    std::uint64_t packed = 0;
    int shift = 0;
    ((packed |= static_cast<std::uint64_t>(parts.value) << shift, shift += parts.width), ...);
    put(column(kind), packed);
  }
  template <typename T, typename Each>
  void rows(const std::vector<T>& list, Each each) {
    for (const T& item : list) each(item);
  }
  bool ok() const { return true; }

  std::size_t bytes() const { return bytes_; }
  // By kind; leaves the writer empty.
  std::array<std::string, kKinds> take();

  template <typename T>
  static std::uint64_t number_of(const T& value) {
    if constexpr (std::is_same_v<T, Nanos>) {
      return static_cast<std::uint64_t>(value.count());
    } else if constexpr (std::is_enum_v<T>) {
      return static_cast<std::uint64_t>(to_int(value));
    } else {
      return static_cast<std::uint64_t>(value);
    }
  }

 private:
  struct Run {
    std::uint64_t value = 0;
    std::uint64_t length = 0;
  };

  std::string& column(Kind kind) { return columns_[static_cast<std::size_t>(kind)]; }
  void put(std::string& to, std::uint64_t value) {
    if (value < 0x80) {
      to.push_back(static_cast<char>(value));
      ++bytes_;
      return;
    }
    const std::size_t before = to.size();
    put_varint(to, value);
    bytes_ += to.size() - before;
  }
  void end_run(Kind kind);

  std::array<std::string, kKinds> columns_;
  std::array<Run, kKinds> runs_{};
  std::size_t bytes_ = 0;
};

// Trusts nothing: a column that ends too early or holds a number that does not fit makes it not ok(), for good, and all
// values zero from then on.
class ColumnReader {
 public:
  static constexpr bool kWrites = false;

  ColumnReader() = default;
  explicit ColumnReader(const wire::Block& block);  // which must outlive it

  template <typename T>
  void plain(Kind kind, T& value) {
    accept(from_wire(next(kind), value));
  }
  template <typename T>
  void runs(Kind kind, T& value) {
    accept(from_wire(next_of_run(kind), value));
  }
  template <typename T>
  void delta(Kind kind, T& value, std::uint64_t base) {
    from_number(base + static_cast<std::uint64_t>(unzigzag(next(kind))), value);
  }
  template <typename T>
  void delta_runs(Kind kind, T& value, std::uint64_t base) {
    from_number(base + static_cast<std::uint64_t>(unzigzag(next_of_run(kind))), value);
  }
  void text(Kind kind, std::string& value);
  template <typename... T>
  void bits(Kind kind, const Bits<T>&... parts) {
    std::uint64_t packed = next(kind);
    const auto take = [&](auto& part) {
      using Value = std::remove_reference_t<decltype(part.value)>;
      const std::uint64_t number = packed & ((std::uint64_t{1} << part.width) - 1);
      packed >>= part.width;
      accept(number <= static_cast<std::uint64_t>(part.most));
      part.value = static_cast<Value>(ok_ ? number : 0);
    };
    (take(parts), ...);
  }
  // `list` has as many rows as are to come; each of them needs a byte at least in some column.
  template <typename T, typename Each>
  void rows(std::vector<T>& list, std::uint64_t count, Each each) {
    list.clear();
    for (; count > 0 && ok_; --count) {
      each(list.emplace_back());
      if (!ok_) list.pop_back();
    }
  }
  bool ok() const { return ok_; }
  void accept(bool good) { ok_ = ok_ && good; }
  // Every value was taken.
  bool exhausted() const;

 private:
  struct Column {
    std::string_view rest;
    bool present = false;
    std::uint64_t value = 0;  // of the present run
    std::uint64_t left = 0;
  };

  std::uint64_t next(Kind kind);
  std::uint64_t next_of_run(Kind kind);
  template <typename T>
  void from_number(std::uint64_t number, T& value) {
    if constexpr (std::is_same_v<T, Nanos>) {
      value = Nanos(static_cast<std::int64_t>(number));
    } else {
      value = static_cast<T>(number);
      accept(ColumnWriter::number_of(value) == number);
    }
  }

  std::array<Column, kKinds> columns_{};
  bool ok_ = true;
};

}  // namespace gilspy::recording
