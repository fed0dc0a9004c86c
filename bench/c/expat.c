/* expat, the whole document in one call. Compiled with -DEMPTY it has the
 * same handlers with nothing in them, which shows what expat itself takes. */
#include <expat.h>

#include "driver.h"

#ifdef EMPTY
static void XMLCALL start(void *data, const XML_Char *name, const XML_Char **attributes) {}
static void XMLCALL end(void *data, const XML_Char *name) {}
static void XMLCALL characters(void *data, const XML_Char *s, int n) {}
#else
static int in_value;
static char text[64];
static int length;

static void XMLCALL start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	in_value = name[0] == 'v' && name[1] == 0;
	length = 0;
}

static void XMLCALL end(void *data, const XML_Char *name)
{
	if (in_value) {
		text[length] = 0;
		add(strtod(text, NULL));
	}
	in_value = 0;
}

/* The text of an element can come in pieces. */
static void XMLCALL characters(void *data, const XML_Char *s, int n)
{
	if (in_value && length + n < (int)sizeof text) {
		memcpy(text + length, s, n);
		length += n;
	}
}

#endif

static int decode(const char *document, size_t size)
{
	XML_Parser p = XML_ParserCreate(NULL);
	XML_SetElementHandler(p, start, end);
	XML_SetCharacterDataHandler(p, characters);
	int ok = XML_Parse(p, document, (int)size, 1) == XML_STATUS_OK;
	XML_ParserFree(p);
	return ok;
}

int main(int argc, char **argv) { return run_driver(argc, argv, decode); }
