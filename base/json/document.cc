#include "base/json/document.h"

#include "absl/strings/str_cat.h"
#include "base/json/shape.h"
#include "base/json/text.h"

namespace sid {

using nlohmann::ordered_json;

absl::StatusOr<ordered_json> ParseDocument(std::string_view text, const std::string& name, const DocumentKind& kind) {
  absl::StatusOr<ordered_json> document = ParseJson(text);
  const auto other = [&](absl::string_view why) {
    return absl::DataLossError(absl::StrCat(name, " is no ", kind.what, ": ", why, "; ", kind.hint));
  };
  if (!document.ok()) return other(document.status().message());
  const ordered_json schema = document->is_object() ? document->value("schema", ordered_json()) : ordered_json();
  if (!schema.is_number()) return other("it has no number 'schema'");
  if (schema != kind.schema) {
    return absl::DataLossError(absl::StrCat(name, " has schema ", schema.dump(), ", and this program reads schema ",
                                            kind.schema, "; ", kind.hint));
  }
  const absl::Status whole = CheckShape(*document, ordered_json::parse(kind.shape));
  if (!whole.ok()) return Damaged(name, whole.message(), kind);
  return document;
}

absl::Status Damaged(const std::string& name, absl::string_view why, const DocumentKind& kind) {
  return absl::DataLossError(absl::StrCat(name, " is damaged: ", why, "; ", kind.hint));
}

}  // namespace sid
