#pragma once

// What a file is that is not what it should be: said by name, it tells the user what to do about it.

#include <string>
#include <string_view>

namespace sid {

// "a PNG image", "a zip archive", "an HTML page", ... by the first bytes (512 are enough); "" for what is not recognised.
std::string RecogniseFormat(std::string_view bytes);

// " (it is a PNG image)", or "".
std::string ItIs(std::string_view bytes);

}  // namespace sid
