// Errors are values: a code to branch on and a sentence for people, with context added on the way up.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace gilspy {

enum class ErrorCode {
  kGone,           // the process or thread ended: ends a recording normally
  kNoProcess,      // there never was such a process
  kDenied,         // the kernel refuses; the message says what to run to be allowed
  kNotPython,      // not a CPython; the message names Python children where there are any
  kUnsupported,    // a Python that gilspy cannot read, whatever happens: its version, implementation or architecture
  kMisfit,         // a CPython whose memory is not what its layout says, at least not yet: it may be starting
  kNotReady,       // a CPython that has not set up its runtime yet: worth another try
  kBadAddress,     // the remote address is not mapped: loses one thread of one sample
  kCorrupt,        // what was read cannot be what it should be: same
  kCannotWrite,    // the output cannot be written
  kBadRecording,   // not a recording, or one of which nothing can be read
  kNoCommand,      // the command to launch does not exist
  kCannotExecute,  // it exists, but cannot be executed
  kUsage,          // the command line contradicts itself
  kSystem,         // the operating system failed us in another way
};

class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // "while <doing>: <message>"
  Error during(std::string_view doing) && {
    return {code_, "while " + std::string(doing) + ": " + std::move(message_)};
  }

 private:
  ErrorCode code_;
  std::string message_;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}

}  // namespace gilspy

#define GILSPY_CAT_(a, b) a##b
#define GILSPY_CAT(a, b) GILSPY_CAT_(a, b)
#define GILSPY_TRY_(tmp, declaration, expression)                      \
  auto tmp = (expression);                                             \
  if (!tmp.has_value()) return tl::unexpected(std::move(tmp).error()); \
  declaration = std::move(*tmp)

// GILSPY_TRY(const RemoteAddr root, read_field(...)); hands an error on, else names the value.
#define GILSPY_TRY(declaration, expression) GILSPY_TRY_(GILSPY_CAT(gilspy_try_, __LINE__), declaration, expression)
// The same for a Result<void>.
#define GILSPY_CHECK(expression)                                     \
  do {                                                               \
    if (auto gilspy_check = (expression); !gilspy_check.has_value()) \
      return tl::unexpected(std::move(gilspy_check).error());        \
  } while (false)
