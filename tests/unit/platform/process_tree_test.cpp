#include "platform/linux/process_tree.h"

#include <gmock/gmock.h>

namespace gilspy::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ProcessTree, NearestFirst) {
  const std::multimap<Pid, Pid> children = {
      {Pid{1}, Pid{10}}, {Pid{10}, Pid{11}}, {Pid{10}, Pid{12}}, {Pid{11}, Pid{13}}, {Pid{2}, Pid{20}}};
  EXPECT_THAT(below(Pid{10}, children), ElementsAre(Pid{11}, Pid{12}, Pid{13}));
  EXPECT_THAT(below(Pid{13}, children), IsEmpty());
}

TEST(ProcessTree, ACycleEnds) {
  const std::multimap<Pid, Pid> children = {{Pid{1}, Pid{2}}, {Pid{2}, Pid{3}}, {Pid{3}, Pid{1}}};
  EXPECT_THAT(below(Pid{1}, children), ElementsAre(Pid{2}, Pid{3}));
}

}  // namespace
}  // namespace gilspy::platform
