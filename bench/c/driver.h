/* What the C and C++ drivers share: they read a document into memory, decode
 * it again and again as measure.Loop does, and print the same line of JSON.
 *
 *     driver FILE           takes the time
 *     driver FILE ordered   one pass, with the checksum that knows the order
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* How many bytes behind the document may be read. */
#define DRIVER_PADDING 64

static struct {
	int ordered;
	uint64_t mix, xor_, count;
} sum;

/* The next value; see package checksum. */
static inline void add(double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	if (v != v)
		bits = 0x7ff8000000000001;
	sum.xor_ ^= bits;
	sum.count++;
	if (sum.ordered) {
		uint64_t m = (sum.mix ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
		sum.mix = m << 5 | m >> 59;
	}
}

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec + 1e-6 * (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static char *read_document(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	*size = ftell(f);
	rewind(f);
	char *document = (char *)calloc(1, *size + DRIVER_PADDING);
	if (!document || fread(document, 1, *size, f) != *size) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return document;
}

/* One pass over the document: the values go to add. 0 is an error. */
typedef int decode_fn(const char *document, size_t size);

static int run_driver(int argc, char **argv, decode_fn *decode)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE [ordered]\n", argv[0]);
		return 2;
	}
	size_t size;
	char *document = read_document(argv[1], &size);
	const double enough = 0.5;
	double took = 0;
	int n = 1;
	sum.ordered = argc > 2;
	for (int turn = 0;; turn++) {
		double began = cpu_seconds();
		for (int i = 0; i < n; i++) {
			sum.mix = sum.xor_ = sum.count = 0;
			if (!decode(document, size)) {
				fprintf(stderr, "%s: %s is not decoded\n", argv[0], argv[1]);
				return 1;
			}
		}
		took = cpu_seconds() - began;
		if (took >= enough || sum.ordered)
			break;
		if (turn > 0)
			n = 1 + (int)(1.1 * n * enough / (took > 1e-6 ? took : 1e-6));
	}
	printf("{\"cpu_ns\":%.0f,\"passes\":%d,\"count\":%" PRIu64 ",\"xor\":\"%" PRIx64 "\",\"mix\":\"%" PRIx64 "\"}\n",
		1e9 * took / n, n, sum.count, sum.xor_, sum.mix);
	free(document);
	return 0;
}

#endif
