#include "src/native/symboliser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

using ::testing::ElementsAre;

constexpr RemoteAddr kBase{0x10000000};

std::vector<std::string> names(const std::vector<std::shared_ptr<const NativeFunction>>& functions) {
  std::vector<std::string> result;
  for (const auto& function : functions) result.push_back(function->module + ":" + function->name);
  return result;
}

TEST(OwnSymbols, OfAFunctionAndWhatIsInlinedThere) {
  OwnProcess process;
  Symboliser symboliser(process.space, {}, "/python3", "");
  EXPECT_THAT(names(symboliser.at(RemoteAddr(probe_start() - 1))),
              ElementsAre("libgilspy_probe.so:probe::innermost<unsigned long>",
                          "libgilspy_probe.so:probe::Shape::middle", "libgilspy_probe.so:probe::outer"));
  EXPECT_THAT(names(symboliser.at(address_of(probe_leaf))), ElementsAre("libgilspy_probe.so:probe_leaf"));
}

class Symbolised : public ::testing::Test {
 protected:
  FakeTarget target_;
  AddressSpace space_{target_};

  RemoteAddr place(std::string_view function) const { return kBase + address_in(GILSPY_PROBE, function); }
  void show(const std::string& file, const std::string& path, std::uint64_t inode = 1) {
    target_.set_mappings(load(target_, file, path, kBase, inode));
  }
};

TEST_F(Symbolised, ByWhereItBeginsWhereNothingTellsMore) {
  show(GILSPY_STRIPPED_PROBE, "/nowhere/probe.so.1");
  Symboliser symboliser(space_, {}, "/python3", "");
  const RemoteAddr hidden = place("probe_hidden_call");
  const std::string name = fmt::format("probe.so.1:probe.so.1+{:#x}", hidden.since(kBase));
  EXPECT_THAT(names(symboliser.at(hidden)), ElementsAre(name));
  EXPECT_THAT(names(symboliser.at(hidden + 2)), ElementsAre(name));
  EXPECT_EQ(symboliser.at(hidden).back(), symboliser.at(hidden + 2).back()) << "is one function";
  EXPECT_THAT(names(symboliser.at(place("probe_start"))), ElementsAre("probe.so.1:probe_start"));
  EXPECT_EQ(symboliser.at(hidden).back()->role, NativeFunction::Role::kCode);
}

TEST_F(Symbolised, WithoutItsFile) {
  auto mappings = load(target_, GILSPY_PROBE, "/nowhere/probe.so.1", kBase);
  for (Mapping& mapping : mappings) mapping.path = "/gone.so.2";
  target_.set_mappings(mappings);
  Symboliser symboliser(space_, {}, "/python3", "");
  const RemoteAddr start = place("probe_start");
  EXPECT_THAT(names(symboliser.at(start + 1)),
              ElementsAre(fmt::format("gone.so.2:gone.so.2+{:#x}", start.since(kBase))));
}

TEST_F(Symbolised, ByItsDebugFile) {
  show(GILSPY_STRIPPED_PROBE, GILSPY_STRIPPED_PROBE);
  Symboliser symboliser(space_, {}, "/python3", "/");
  EXPECT_THAT(names(symboliser.at(place("probe_hidden_call") + 2)), ElementsAre("probe:probe_hidden_call"));
  OwnProcess process;
  const RemoteAddr call(probe_start() - 1);
  const std::uint64_t in_file = call.value() - process.space.image_at(call)->bias;
  EXPECT_THAT(names(symboliser.at(kBase + in_file)),
              ElementsAre("probe:probe::innermost<unsigned long>", "probe:probe::Shape::middle", "probe:probe::outer"));
}

TEST_F(Symbolised, OneOfTheInterpretersWithoutANameSaysNothing) {
  show(GILSPY_STRIPPED_PROBE, "/nowhere/python3");
  Symboliser symboliser(space_, {}, "/nowhere/python3", "");
  EXPECT_EQ(symboliser.at(place("probe_hidden_call")).back()->role, NativeFunction::Role::kNameless);
  EXPECT_EQ(symboliser.at(place("probe_start")).back()->role, NativeFunction::Role::kCode);
}

TEST_F(Symbolised, NoCodeAtAll) {
  Symboliser symboliser(space_, {}, "/python3", "");
  EXPECT_THAT(names(symboliser.at(RemoteAddr(0x42))), ElementsAre(":(unknown code)"));
}

TEST_F(Symbolised, AnewWhenAnotherImageLiesThere) {
  show(GILSPY_STRIPPED_PROBE, "/nowhere/a.so.1", 1);
  Symboliser symboliser(space_, {}, "/python3", "");
  EXPECT_THAT(names(symboliser.at(place("probe_start"))), ElementsAre("a.so.1:probe_start"));
  show(GILSPY_STRIPPED_PROBE, "/nowhere/b.so.1", 2);
  space_.allow_refresh();
  space_.image_at(RemoteAddr(0x42));
  EXPECT_THAT(names(symboliser.at(place("probe_start"))), ElementsAre("b.so.1:probe_start"));
}

TEST_F(Symbolised, SystemCalls) {
  Symboliser symboliser(space_, {}, "/python3", "");
  EXPECT_EQ(symboliser.system_call(kFutexSyscall)->name, "futex");
  EXPECT_EQ(symboliser.system_call(kFutexSyscall)->module, "kernel");
  EXPECT_EQ(symboliser.system_call(kFutexSyscall), symboliser.system_call(kFutexSyscall));
}

}  // namespace
}  // namespace gilspy::native
