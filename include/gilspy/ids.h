// Kinds of numbers that must not be mixed up: remote addresses, kernel thread ids, pthread identities, times.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace gilspy {

using Nanos = std::chrono::nanoseconds;

// An address in the target. Not a pointer: reading it needs a MemoryReader.
class RemoteAddr {
 public:
  constexpr RemoteAddr() = default;
  constexpr explicit RemoteAddr(std::uint64_t value) : value_(value) {}

  constexpr std::uint64_t value() const { return value_; }
  constexpr bool is_null() const { return value_ == 0; }
  constexpr auto operator<=>(const RemoteAddr&) const = default;

  friend constexpr RemoteAddr operator+(RemoteAddr a, std::uint64_t bytes) { return RemoteAddr(a.value_ + bytes); }
  friend constexpr RemoteAddr operator-(RemoteAddr a, std::uint64_t bytes) { return RemoteAddr(a.value_ - bytes); }

  // Bytes from `base`, or nothing sensible to index with (huge) when `this` lies below it.
  constexpr std::uint64_t since(RemoteAddr base) const { return value_ - base.value_; }
  constexpr bool in(RemoteAddr begin, std::uint64_t size) const { return value_ - begin.value_ < size; }

 private:
  std::uint64_t value_ = 0;
};

enum class Pid : std::int32_t {};
enum class Tid : std::int32_t {};           // the kernel's thread id, as the profiler's PID namespace sees it
enum class ThreadIdent : std::uint64_t {};  // pthread_self(), what threading.get_ident() returns
enum class ThreadIndex : std::uint32_t {};  // dense number that a recording gives a thread; never reused
enum class StackId : std::uint32_t {};      // node in a StackTable; kNoStack = no Python frame
enum class FrameId : std::uint32_t {};      // entry in a StackTable's frames

inline constexpr StackId kNoStack{0};

template <typename E>
constexpr auto to_int(E value) {
  return static_cast<std::underlying_type_t<E>>(value);
}

}  // namespace gilspy

template <>
struct std::hash<gilspy::RemoteAddr> {
  std::size_t operator()(gilspy::RemoteAddr a) const noexcept { return std::hash<std::uint64_t>{}(a.value()); }
};
