/* Cells of CSV, RFC 4180. Pure. */
#ifndef TG_REPORTS_CSV_H
#define TG_REPORTS_CSV_H

#include "common/base/buf.h"

/* Appends a cell of free text, quoted where it must be. Text that begins with = + - @ tab or carriage return would be
 * run as a formula by a spreadsheet: an apostrophe before it makes it text. */
enum tg_status tg_csv_append_text(struct tg_buf *out, struct tg_text text) TG_MUST_CHECK;

#endif
