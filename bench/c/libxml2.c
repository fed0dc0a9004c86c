/* libxml2 by SAX2, from memory, with strtod. */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "driver.h"

static int in_value;
static char text[64];
static int length;

static void start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
	const xmlChar **namespace_list, int attributes, int defaulted, const xmlChar **attribute_list)
{
	in_value = name[0] == 'v' && name[1] == 0;
	length = 0;
}

static void end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	if (in_value) {
		text[length] = 0;
		add(strtod(text, NULL));
	}
	in_value = 0;
}

static void characters(void *ctx, const xmlChar *s, int n)
{
	if (in_value && length + n < (int)sizeof text) {
		memcpy(text + length, s, n);
		length += n;
	}
}

static int decode(const char *document, size_t size)
{
	xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC, .startElementNs = start, .endElementNs = end, .characters = characters};
	xmlParserCtxtPtr ctx = xmlCreateMemoryParserCtxt(document, (int)size);
	if (!ctx)
		return 0;
	xmlCtxtUseOptions(ctx, XML_PARSE_HUGE | XML_PARSE_NONET);
	*ctx->sax = sax;
	ctx->sax2 = 1;
	int ok = xmlParseDocument(ctx) == 0 && ctx->wellFormed;
	xmlFreeParserCtxt(ctx);
	return ok;
}

int main(int argc, char **argv)
{
	xmlInitParser();
	return run_driver(argc, argv, decode);
}
