// platform: the processes below one, as they come and go.
#pragma once

#include <memory>
#include <vector>

#include "gilspy/ids.h"

namespace gilspy::platform {

// Watches /proc; nobody is stopped or traced for it. A process that ends before the next look, or whose parent does (it
// is then somebody else's child), is not met; once met, it stays one of the family.
class Offspring {
 public:
  virtual ~Offspring() = default;
  // Processes that were not there at the look before, parents first; at the first look all below the root, which is not
  // among them. Cheap as long as nobody starts a process or a thread anywhere: for some hundred times a second.
  virtual std::vector<Pid> look() = 0;
  // The root has ended; a zombie has.
  virtual bool root_ended() = 0;
};
std::unique_ptr<Offspring> offspring_of(Pid root);

}  // namespace gilspy::platform
