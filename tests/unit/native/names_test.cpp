// Names: of functions, of the files that they are in, and what they are to Python.
#include <gtest/gtest.h>

#include "src/native/demangle.h"
#include "src/native/module_names.h"
#include "src/native/roles.h"

namespace gilspy::native {
namespace {

struct NameCase {
  const char* symbol;
  const char* shown;
};

TEST(Demangle, IsAsPeopleWriteIt) {
  const NameCase cases[] = {
      {"memcpy", "memcpy"},
      {"memcpy@@GLIBC_2.14", "memcpy"},
      {"pthread_create@GLIBC_2.34", "pthread_create"},
      {"list_sort_impl.constprop.0", "list_sort_impl"},
      {"_PyEval_EvalFrameDefault.cold", "_PyEval_EvalFrameDefault"},
      {"scan.part.0.isra.3.llvm.1234", "scan"},
      {".hidden", ".hidden"},  // a name of its own
      {".hidden.cold", ".hidden"},
      {"", ""},
      {"@@X", ""},
      // C++
      {"_Z3fooi", "foo"},
      {"_Z3fooi.cold", "foo"},
      {"_ZN3foo3barEv", "foo::bar"},
      {"_ZNK5shape4areaEv", "shape::area"},
      {"_ZN12_GLOBAL__N_14workEv", "(anonymous namespace)::work"},
      {"_ZN5shapeC2Ev", "shape::shape"},
      {"_ZN5shapeD0Ev", "shape::~shape"},
      {"_ZlsRSoi", "operator<<"},
      {"_ZN5shapelsEi", "shape::operator<<"},
      {"_ZN5shapeptEv", "shape::operator->"},
      {"_ZN5shapessERKS_", "shape::operator<=>"},
      {"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back"},
      // Rust
      {"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"},
      {"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE.llvm.1234567890", "core::fmt::Formatter::pad"},
      {"_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"},
      {"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
      // Neither
      {"_Z", "_Z"},
      {"_R", "_R"},
      {"_Zgarbage", "_Zgarbage"},
      {"_ZN", "_ZN"},
      {"_RNv", "_RNv"},
      {"_Z\xff\xfe\x01", "_Z\xff\xfe\x01"},
  };
  for (const NameCase& c : cases) EXPECT_EQ(demangled(c.symbol), c.shown) << c.symbol;
}

std::string template_of_templates(int depth) {
  std::string symbol = "_ZN1aI";
  for (int i = 0; i < depth; ++i) symbol += "21a_name_that_is_longerI";
  symbol += "i";
  for (int i = 0; i < depth; ++i) symbol += "E";
  return symbol + "E4workEv";
}

TEST(Demangle, LongTemplateArgumentsAreShortened) {
  EXPECT_EQ(demangled(template_of_templates(1)), "a<a_name_that_is_longer<int> >::work");
  EXPECT_EQ(demangled(template_of_templates(6)), "a<...>::work");
  EXPECT_EQ(demangled(template_of_templates(35)), "a<...>::work");
}

TEST(Demangle, VeryLongNamesAreCut) {
  std::string symbol = "_ZN";
  for (int i = 0; i < 30; ++i) symbol += "10name_of_it";
  const std::string name = demangled(symbol + "Ev");
  EXPECT_EQ(name.size(), 163U);
  EXPECT_TRUE(name.starts_with("name_of_it::name_of_it::"));
  EXPECT_TRUE(name.ends_with("..."));
  const std::string longer = demangled("_Z" + std::string(100'000, 'x'));
  EXPECT_EQ(longer.size(), 163U);
  const std::string deep = demangled(template_of_templates(2'000));
  EXPECT_EQ(deep.size(), 163U);
}

TEST(Demangle, OperatorsAreNoTemplates) {
  const std::string longer(80, 'n');
  EXPECT_EQ(demangled("_ZN80" + longer + "lsEi"), longer + "::operator<<");
  EXPECT_EQ(demangled("_ZN80" + longer + "rsEi"), longer + "::operator>>");
  EXPECT_EQ(demangled("_ZN80" + longer + "ptEv"), longer + "::operator->");
  EXPECT_EQ(demangled("_ZN80" + longer + "ssEi"), longer + "::operator<=>");
  EXPECT_EQ(demangled("_ZN80" + longer + "leEi"), longer + "::operator<=");
  EXPECT_EQ(demangled("_ZN80" + longer + "ltIiEEvT_"), longer + "::operator< <...>");
  EXPECT_EQ(demangled("_ZN80" + longer + "lsIiEEvT_"), longer + "::operator<< <...>");
}

TEST(Demangle, AnyBytesAreAName) {
  std::uint32_t random = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string symbol = i % 2 == 0 ? "_Z" : "_R";
    for (int k = 0; k < i % 40; ++k) {
      random = random * 1664525 + 1013904223;
      symbol += "NIvECsS_TtK0123456789abcxyz.@$<>"[random >> 16 & 31U];
    }
    EXPECT_LE(demangled(symbol).size(), 163U) << symbol;
  }
}

TEST(ModuleNames, AreThoseOfImportStatements) {
  const NameCase cases[] = {
      {"/usr/lib/x86_64-linux-gnu/libc.so.6", "libc.so.6"},
      {"/usr/bin/python3.13", "python3.13"},
      {"/usr/lib/libpython3.13.so.1.0", "libpython3.13.so.1.0"},
      {"/usr/lib/python3.13/lib-dynload/_json.cpython-313-x86_64-linux-gnu.so", "_json"},
      {"/a/site-packages/numpy/core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so", "numpy/_multiarray_umath"},
      {"/a/site-packages/yaml/_yaml.abi3.so", "yaml/_yaml"},
      {"/a/site-packages/lxml/etree.so", "lxml/etree"},
      {"/a/site-packages/torch/lib/libtorch_cpu.so", "torch/libtorch_cpu.so"},
      {"/a/site-packages/numpy.libs/libscipy_openblas64_-6bb31eeb.so", "numpy/libscipy_openblas64_-6bb31eeb.so"},
      {"/a/site-packages/_cffi_backend.cpython-311-x86_64-linux-gnu.so", "_cffi_backend"},
      {"/usr/lib/python3/dist-packages/PIL/_imaging.cpython-311-x86_64-linux-gnu.so", "PIL/_imaging"},
      {"/a/site-packages/b/c/site-packages/d/e.so", "d/e"},
      {"/a/b.cpython-313-x86_64-linux-gnu.so (deleted)", "b"},
      {"/usr/lib/libfoo.so", "libfoo.so"},
      {"[vdso]", "vdso"},
      {"/a/.so", ".so"},
      {"relative.so", "relative"},
      {"", ""},
      {"/", ""},
      {"/a/site-packages/", ""},
      {" (deleted)", ""},
  };
  for (const NameCase& c : cases) EXPECT_EQ(module_name(c.symbol), c.shown) << c.symbol;
}

// Of rustc 1.95: dots stand for what a linker's name may not have, and behind it what compilers append.
TEST(Demangled, OlderNamesOfRustWithDots) {
  EXPECT_EQ(demangled("_ZN52_$LT$$u5b$u8$u3b$$u20$16$u5d$$u20$as$u20$rs..Foo$GT$3bar17h0123456789abcdefE"),
            "<[u8; 16] as rs::Foo>::bar");
  EXPECT_EQ(demangled("_ZN2rs6crunch17h0123456789abcdefE.llvm.1234567"), "rs::crunch");
}

TEST(ModuleNames, OfPackagesOutsideOfSitePackages) {
  const auto is_package = [](const std::string& folder) {
    return folder == "/srv/libs/numpy" || folder == "/srv/libs/numpy/core";
  };
  EXPECT_EQ(module_name("/srv/libs/numpy/core/_multiarray_umath.cpython-313-x86_64-linux-gnu.so", is_package),
            "numpy/_multiarray_umath");
  EXPECT_EQ(module_name("/srv/libs/_json.cpython-313-x86_64-linux-gnu.so", is_package), "_json");
  EXPECT_EQ(module_name("/srv/libs/numpy/core/libfoo.so", is_package), "libfoo.so") << "is no module";
}

TEST(Roles, OfCPythonsFunctions) {
  using Role = NativeFunction::Role;
  struct RoleCase {
    const char* name;
    bool of_interpreter = false, inlined = false;
    Role role = Role::kCode;
  };
  const RoleCase cases[] = {
      {"_PyEval_EvalFrameDefault", true, false, Role::kEval},
      {"_PyEval_EvalFrameDefault", false, false, Role::kCode},
      {"_PyEval_EvalFrameDefault", true, true, Role::kCall},
      {"_PyEval_EvalFrameDefault_extra", true, false, Role::kCall},
      {"_PyEval_Vector", true, false, Role::kCall},
      {"PyObject_Vectorcall", true, false, Role::kCall},
      {"PyObject_CallMethod", true, false, Role::kCall},
      {"PyObject_Call", false, false, Role::kCode},
      {"cfunction_vectorcall_FASTCALL", true, false, Role::kCall},
      {"slot_tp_call", true, false, Role::kCall},
      {"gen_send_ex2", true, false, Role::kCall},
      {"_TAIL_CALL_LOAD_FAST", true, false, Role::kCall},
      {"py_trampoline_evaluator", true, false, Role::kCall},
      {"Py_BytesMain", true, false, Role::kCall},
      {"main", true, false, Role::kCall},
      {"main", false, false, Role::kCode},
      {"thread_run", true, false, Role::kCall},
      {"_Py_CallBuiltinClass_StackRef", true, false, Role::kCall},
      {"type.__call__", true, false, Role::kCall},
      {"list.sort", true, false, Role::kCode},
      // What a program does
      {"list_sort_impl", true, false, Role::kCode},
      {"PyObject_GetAttr", true, false, Role::kCode},
      {"take_gil", true, false, Role::kCode},
      {"gc_collect_main", true, false, Role::kCode},
      {"", true, false, Role::kCode},
      // Access to fields, in whoever's code
      {"Py_INCREF", false, true, Role::kCall},
      {"_Py_DECREF", true, true, Role::kCall},
      {"Py_INCREF", false, false, Role::kCode},
      {"solve", false, true, Role::kCode},
  };
  for (const RoleCase& c : cases) {
    EXPECT_EQ(role_of(c.name, c.of_interpreter, c.inlined), c.role) << c.name << c.of_interpreter << c.inlined;
  }
}

}  // namespace
}  // namespace gilspy::native
