#include "src/native/symbol_table.h"

#include <gtest/gtest.h>

#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

class Symbols : public ::testing::Test {
 protected:
  SymbolTable symbols_;

  std::string name_at(std::uint64_t address) const {
    const auto found = symbols_.find(address);
    if (!found.has_value()) return "";
    EXPECT_LT(address - found->address, found->size);
    return std::string(found->name);
  }
  static std::uint64_t begin_of(std::string_view name) { return address_in(GILSPY_PROBE, name); }
};

TEST_F(Symbols, OfALibraryThatWasNotStripped) {
  symbols_.add(content_of(GILSPY_PROBE));
  EXPECT_TRUE(symbols_.has_local_ones());
  for (const char* name : {"probe_start", "probe_hidden_call", "_ZN5probe5outerEm", "_ZN5probe7Counter4workEi"}) {
    const std::uint64_t begin = begin_of(name);
    ASSERT_NE(begin, 0U) << name;
    const auto symbol = symbols_.find(begin);
    ASSERT_TRUE(symbol.has_value());
    EXPECT_EQ(symbol->address, begin);
    EXPECT_EQ(name_at(begin + symbol->size - 1), name);
    EXPECT_NE(name_at(begin + symbol->size), name);
    EXPECT_NE(name_at(begin - 1), name);
  }
}

TEST_F(Symbols, OfAStrippedOneAreThoseThatOthersLinkTo) {
  symbols_.add(content_of(GILSPY_STRIPPED_PROBE));
  EXPECT_FALSE(symbols_.has_local_ones());
  EXPECT_EQ(name_at(begin_of("probe_start")), "probe_start");
  EXPECT_EQ(name_at(begin_of("_ZN5probe5outerEm") + 3), "_ZN5probe5outerEm");
  EXPECT_EQ(name_at(begin_of("probe_hidden_call")), "");
  EXPECT_EQ(name_at(begin_of("probe_hidden_call") + 3), "") << "it lies behind the end of another";
}

TEST_F(Symbols, OfItsDebugFileAreAll) {
  symbols_.add(content_of(GILSPY_STRIPPED_PROBE));
  symbols_.add(content_of(GILSPY_STRIPPED_PROBE ".debug"));
  EXPECT_TRUE(symbols_.has_local_ones());
  EXPECT_EQ(name_at(begin_of("probe_hidden_call") + 3), "probe_hidden_call");
  EXPECT_EQ(name_at(begin_of("probe_start") + 3), "probe_start");
}

TEST_F(Symbols, OneWithoutASizeReachesToTheNextIfAllAreThere) {
  const std::uint64_t begin = begin_of("probe_sizeless");
  ASSERT_NE(begin, 0U);
  symbols_.add(content_of(GILSPY_STRIPPED_PROBE));
  EXPECT_EQ(name_at(begin), "probe_sizeless");
  EXPECT_EQ(name_at(begin + 1), "");
  symbols_.add(content_of(GILSPY_PROBE));
  EXPECT_EQ(name_at(begin + 1), "probe_sizeless");
  EXPECT_EQ(name_at(begin_of("probe_behind")), "probe_behind");
  EXPECT_NE(name_at(begin_of("probe_behind")), "probe_sizeless");
}

TEST_F(Symbols, OfSeveralNamesThePlainOneThenTheShortOne) {
  symbols_.add(content_of(GILSPY_PROBE));
  EXPECT_EQ(begin_of("_probe_b"), 0U);
  EXPECT_EQ(begin_of("probe_build_again"), 0U);
  EXPECT_NE(begin_of("probe_build"), 0U);
}

TEST_F(Symbols, OfNothing) {
  EXPECT_EQ(symbols_.find(0), std::nullopt);
  symbols_.add({});
  EXPECT_FALSE(symbols_.has_local_ones());
  EXPECT_EQ(symbols_.find(~std::uint64_t{0}), std::nullopt);
}

}  // namespace
}  // namespace gilspy::native
