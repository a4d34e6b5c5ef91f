#pragma once

#include <cstdint>

extern "C" {
std::uintptr_t probe_leaf();   // where it returns to
std::uintptr_t probe_start();  // calls probe_hidden_call, that calls probe::outer: where the leaf returns to in there
int probe_build();             // one library is not the other
std::uintptr_t probe_table(int number);  // functions that tables name
}

namespace probe {

std::uintptr_t outer(std::uintptr_t sum);

class Counter {
 public:
  int work(int times);

 private:
  volatile int count_ = 0;
};

}  // namespace probe
