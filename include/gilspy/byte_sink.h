// Bytes on their way out, piece by piece: what is written of a long recording need not be in memory all at once.
#pragma once

#include <functional>
#include <string_view>

namespace gilspy {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::string_view bytes) = 0;
};

// What writes all of something, as often as it is called.
using Contents = std::function<void(ByteSink&)>;

}  // namespace gilspy
