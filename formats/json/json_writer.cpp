#include "json_writer.h"

#include <cmath>

#include "gilspy/wording.h"

namespace gilspy::formats {

void JsonWriter::value(double content) { writer_.Double(std::isfinite(content) ? content : 0.0); }

// A division of two exact numbers gives the double closest to the decimal, which is then written with all nine digits.
void JsonWriter::value(Nanos content) { value(double(content.count()) / 1e9); }

void JsonWriter::value(std::string_view content) {
  const std::string text = wording::valid_utf8(content);
  writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void JsonWriter::name(std::string_view key) { writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }

}  // namespace gilspy::formats
