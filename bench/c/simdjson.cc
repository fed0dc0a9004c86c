// simdjson on demand, from padded memory, with the parser kept from pass to
// pass. The numbers stand in strings; those that are none come as text.
#include <simdjson.h>

#include "driver.h"

using namespace simdjson;

static ondemand::parser parser;

static bool word(std::string_view s, double &v)
{
	if (s == "NaN")
		v = NAN;
	else if (s == "Infinity")
		v = INFINITY;
	else if (s == "-Infinity")
		v = -INFINITY;
	else
		return false;
	return true;
}

static int decode(const char *document, size_t size)
{
	ondemand::document doc;
	if (parser.iterate(document, size, size + DRIVER_PADDING).get(doc))
		return 0;
	ondemand::array rows;
	if (doc["data"].get_array().get(rows))
		return 0;
	for (auto row : rows) {
		ondemand::array values;
		if (row["values"].get_array().get(values))
			return 0;
		for (auto value : values) {
			double v;
			std::string_view s;
			if (value.get_double_in_string().get(v) && (value.get_string().get(s) || !word(s, v)))
				return 0;
			add(v);
		}
	}
	return 1;
}

int main(int argc, char **argv) { return run_driver(argc, argv, decode); }
