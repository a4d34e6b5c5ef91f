#include "src/locate/not_python.h"

#include <gmock/gmock.h>

#include "gilspy/locate.h"
#include "platform/replay/fake_target.h"

namespace gilspy::locate {
namespace {

ProcessIdentity process(int pid, std::string executable, std::vector<std::string> command) {
  ProcessIdentity identity;
  identity.pid = Pid{pid};
  identity.executable = std::move(executable);
  identity.command = std::move(command);
  return identity;
}

const ProcessIdentity kUv = process(123, "/usr/bin/uv", {"uv", "run", "app.py"});

TEST(NotPython, Alone) {
  EXPECT_EQ(not_python_text(kUv, {}), "process 123 (uv) is not Python");
  EXPECT_EQ(not_python_text(process(1, "", {}), {}), "process 1 (?) is not Python");
  EXPECT_EQ(not_python_text(process(5, "", {"/bin/sudo", "x"}), {}), "process 5 (sudo) is not Python");
}

TEST(NotPython, AWrapperNamesItsChild) {
  const std::vector<ProcessIdentity> below = {process(125, "/x/python3.13", {"/x/python3.13", "app.py"})};
  EXPECT_EQ(not_python_text(kUv, below),
            "process 123 (uv) is not Python, but its child 125 (python3.13 app.py) is: use --pid 125");
}

TEST(NotPython, WhichOfTheChildrenAre) {
  FakeTarget target;
  target.set_descendants({process(1, "/bin/sh", {"sh"}), process(2, "/x/python3", {"python3"}),
                          process(3, "/opt/app", {"app"}), process(4, "/opt/server", {"server"}),
                          process(5, "/opt/game", {"game"})});
  target.set_mapped_by(Pid{1}, {"/bin/sh", "/lib/libc.so.6"});
  target.set_mapped_by(Pid{3}, {"/opt/app", "/tmp/_MEIabc/libpython3.12.so.1.0 (deleted)"});
  target.set_mapped_by(Pid{4}, {"/opt/server", "/usr/lib/python3.9/lib-dynload/_json.cpython-39.so"});
  target.set_mapped_by(Pid{5}, {"/opt/game", "/opt/lib/python/scripts.pak"});
  std::vector<int> pids;
  for (const ProcessIdentity& python : python_descendants(target)) pids.push_back(to_int(python.pid));
  EXPECT_EQ(pids, (std::vector<int>{2, 3, 4}));
}

TEST(NotPython, SeveralChildren) {
  std::vector<ProcessIdentity> below;
  for (int i = 0; i < 6; ++i) below.push_back(process(10 + i, "/x/python3", {"python3", std::to_string(i)}));
  EXPECT_EQ(not_python_text(kUv, below),
            "process 123 (uv) is not Python, but its children 10 (python3 0), 11 (python3 1), 12 (python3 2), "
            "13 (python3 3) and 2 more are: use --pid 10");
}

TEST(NotPython, ANumberFromInsideOfAContainer) {
  const ProcessIdentity app = process(4243, "/x/python3.13", {"/x/python3.13", "app.py"});
  EXPECT_EQ(number_inside_text(Pid{7}, std::vector{kUv, app}),
            "process 7 inside of a container is process 4243 (python3.13 app.py) here: use --pid 4243");
  EXPECT_EQ(number_inside_text(Pid{7}, std::vector{kUv}), "");
  EXPECT_EQ(
      number_inside_text(Pid{7}, std::vector{app, process(5, "", {"python3", "b.py"})}),
      "inside of containers process 7 is one of 4243 (python3.13 app.py), 5 (python3 b.py) here: use --pid 4243, for "
      "example");
}

TEST(NotPython, CommandLinesAreOtherPeoplesBytes) {
  const std::vector<ProcessIdentity> below = {
      process(7, "", {"python3", "-c", "import x\n\x1b[31m" + std::string(500, 'y')})};
  const std::string text = not_python_text(kUv, below);
  EXPECT_EQ(text.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(text.size(), 200U);
}

}  // namespace
}  // namespace gilspy::locate
