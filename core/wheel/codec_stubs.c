/* SPDX-License-Identifier: MIT */
/*
 * Stands in for libbz2, liblzma and libzstd where libarchive is linked statically (PIPSEED_STATIC_ARCHIVE): its zip
 * reader can decode what these made, but a wheel whose members are neither stored nor deflated is refused before
 * libarchive sees it (ZIP_METHOD in zip.c). Whoever came here nevertheless would be told that it cannot be done.
 */

/* The callers' own headers declare them; the arguments do not matter. */
#define ABSENT(type, name, value)                                                                                      \
        __attribute__((visibility("hidden"))) type name(void);                                                         \
        type name(void)                                                                                                \
        {                                                                                                              \
                return value;                                                                                          \
        }

ABSENT(int, BZ2_bzDecompressInit, -9) /* BZ_CONFIG_ERROR */
ABSENT(int, BZ2_bzDecompress, -9)
ABSENT(int, BZ2_bzDecompressEnd, 0)

ABSENT(int, lzma_alone_decoder, 8) /* LZMA_OPTIONS_ERROR */
ABSENT(int, lzma_stream_decoder, 8)
ABSENT(int, lzma_code, 8)
ABSENT(void, lzma_end, )

ABSENT(void *, ZSTD_createDStream, (void *)0)
ABSENT(unsigned long, ZSTD_initDStream, -1UL)
ABSENT(unsigned long, ZSTD_decompressStream, -1UL)
ABSENT(unsigned long, ZSTD_freeDStream, 0)
ABSENT(unsigned long, ZSTD_DStreamOutSize, 4096)
ABSENT(unsigned int, ZSTD_isError, 1)
ABSENT(const char *, ZSTD_getErrorName, "zstd is not supported")
