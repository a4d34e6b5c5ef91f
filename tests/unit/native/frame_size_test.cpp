#include "platform/unwind/frame_size.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace gilspy::platform {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::optional<std::uint64_t> size_of(const Bytes& code) { return frame_size(std::as_bytes(std::span(code))); }

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Bytes kSetUp{0x55, 0x48, 0x89, 0xe5};  // push %rbp; mov %rsp,%rbp

TEST(FrameSize, OfWhatAFunctionPushesAndReserves) {
  EXPECT_EQ(size_of(kSetUp), 0U);
  EXPECT_EQ(size_of(Bytes{0xf3, 0x0f, 0x1e, 0xfa} + kSetUp), 0U) << "endbr64";
  EXPECT_EQ(size_of({0x55, 0x48, 0x8b, 0xec}), 0U) << "the other coding";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x53}), 8U) << "push %rbx";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x41, 0x57, 0x41, 0x56, 0x53}), 24U) << "push %r15, %r14, %rbx";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x48, 0x83, 0xec, 0x18}), 0x18U) << "sub $0x18,%rsp";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x48, 0x81, 0xec, 0x00, 0x02, 0, 0}), 0x200U);
  EXPECT_EQ(size_of(kSetUp + Bytes{0x48, 0x83, 0xc4, 0x80}), 0x80U) << "add $-0x80,%rsp";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x6a, 0x00, 0x68, 1, 0, 0, 0}), 16U) << "push of numbers";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x53, 0x5b}), 0U) << "and back";
}

TEST(FrameSize, WhatElseAFunctionBeginsWithDoesNotCount) {
  const Bytes others[] = {
      {0x89, 0x7d, 0xfc},                             // mov %edi,-4(%rbp)
      {0x48, 0x89, 0xbd, 0x38, 0xf4, 0xff, 0xff},     // mov %rdi,-0xbc8(%rbp)
      {0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0},  // mov %fs:0x28,%rax
      {0x48, 0x8d, 0x05, 1, 2, 3, 4},                 // lea ...(%rip),%rax
      {0x31, 0xc0},                                   // xor %eax,%eax
      {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8},           // mov $...,%rax
      {0xc7, 0x45, 0xfc, 1, 2, 3, 4},                 // movl $...,-4(%rbp)
      {0x0f, 0x29, 0x45, 0x80},                       // movaps %xmm0,-0x80(%rbp)
      {0xc5, 0xf9, 0xef, 0xc0},                       // vpxor %xmm0,%xmm0,%xmm0
      {0xc4, 0xe2, 0x7d, 0x58, 0x05, 1, 2, 3, 4},     // vpbroadcastd ...(%rip),%ymm0
      {0x0f, 0xb6, 0x44, 0x24, 0x10},                 // movzbl 0x10(%rsp),%eax
  };
  for (const Bytes& other : others) {
    EXPECT_EQ(size_of(kSetUp + other + Bytes{0x53}), 8U) << "begins with " << int{other[0]} << ' ' << int{other[1]};
  }
}

TEST(FrameSize, EndsWithTheFirstJumpOrCall) {
  EXPECT_EQ(size_of(kSetUp + Bytes{0x53, 0xe8, 0, 0, 0, 0, 0x53}), 8U);
  EXPECT_EQ(size_of(kSetUp + Bytes{0x53, 0x74, 0x05, 0x53}), 8U);
  EXPECT_EQ(size_of(kSetUp + Bytes{0x53, 0x0f, 0x84, 0, 0, 0, 0, 0x53}), 8U);
}

TEST(FrameSize, OfOneThatDoesNotSayIt) {
  EXPECT_EQ(size_of({}), std::nullopt);
  EXPECT_EQ(size_of({0x55}), std::nullopt);
  EXPECT_EQ(size_of({0x53, 0x48, 0x83, 0xec, 0x18}), std::nullopt) << "no frame pointer";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x48, 0x83, 0xe4, 0xe0}), std::nullopt) << "and $-0x20,%rsp";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x48, 0x29, 0xc4}), std::nullopt) << "sub %rax,%rsp";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x48, 0x8d, 0x65, 0xf8}), std::nullopt) << "lea -8(%rbp),%rsp";
  EXPECT_EQ(size_of(kSetUp + Bytes{0x5b}), std::nullopt) << "pops more than it pushed";
}

TEST(FrameSize, OfGarbage) {
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    Bytes code = i % 2 == 0 ? kSetUp : Bytes{};
    for (std::size_t k = random() % 24; k > 0; --k) code.push_back(static_cast<std::uint8_t>(random()));
    code.shrink_to_fit();
    const std::span<const std::uint8_t> bytes(code);
    const auto size = frame_size(std::as_bytes(bytes));
    EXPECT_LT(size.value_or(0), std::uint64_t{24} << 31U);
    call_before(std::as_bytes(bytes));
  }
}

TEST(CallBefore, InItsCodings) {
  const auto call = [](const Bytes& code) { return call_before(std::as_bytes(std::span(code))); };
  EXPECT_TRUE(call({0x90, 0x90, 0xe8, 0xfb, 0xff, 0xff, 0xff}).any);
  EXPECT_EQ(call({0x90, 0x90, 0xe8, 0xfb, 0xff, 0xff, 0xff}).distance, -5);
  EXPECT_TRUE(call({0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0}).any) << "call *%rax";
  EXPECT_TRUE(call({0x90, 0x90, 0x90, 0x90, 0x41, 0xff, 0xd4}).any) << "call *%r12";
  EXPECT_TRUE(call({0x90, 0xff, 0x15, 1, 2, 3, 4}).any) << "call *...(%rip)";
  EXPECT_TRUE(call({0x90, 0x90, 0x90, 0x90, 0xff, 0x50, 0x30}).any) << "call *0x30(%rax)";
  EXPECT_TRUE(call({0xff, 0x90, 1, 2, 3, 4}).any) << "call *...(%rax)";
  EXPECT_TRUE(call({0x90, 0x90, 0x90, 0xff, 0x54, 0x24, 0x08}).any) << "call *8(%rsp)";
  EXPECT_FALSE(call({0x90, 0xff, 0x15, 1, 2, 3, 4}).distance.has_value());
  EXPECT_FALSE(call({0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}).any);
  EXPECT_FALSE(call({0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe0}).any) << "a jump";
  EXPECT_FALSE(call({0xe8, 0, 0, 0}).any);
  EXPECT_FALSE(call({}).any);
}

}  // namespace
}  // namespace gilspy::platform
