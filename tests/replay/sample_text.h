// One sample as text: who holds each GIL, what each thread is in, and its stack.
#pragma once

#include <string>

#include "gilspy/sampler.h"

namespace gilspy::replay {

std::string text_of(const Sample& sample, const Sampler& sampler, const StackTable& stacks);

}  // namespace gilspy::replay
