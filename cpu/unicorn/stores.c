/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which pages, linear and physical, the guest may have stored to. A store needs an entry
 * of the TLB that allows it, so it is enough to note those; while they are forgotten none
 * may be there.
 */
#include <stdlib.h>
#include <string.h>

#include "target.h"

static uint64_t *slot(const struct page_set *s, uint64_t page)
{
	uint64_t i = (page * 0x9e3779b97f4a7c15ull) >> 32;
	while (s->slots[i & (s->room - 1)] && s->slots[i & (s->room - 1)] != page + 1)
		i++;
	return &s->slots[i & (s->room - 1)];
}

static void grow(struct page_set *s)
{
	struct page_set old = *s;
	s->room = old.room ? 2 * old.room : 1024;
	s->slots = calloc(s->room, sizeof *s->slots);
	if (!s->slots)
		abort();
	for (uint32_t i = 0; i < old.room; i++)
		if (old.slots[i])
			*slot(s, old.slots[i] - 1) = old.slots[i];
	free(old.slots);
}

void page_set_add(struct page_set *s, uint64_t page)
{
	if (2 * s->count >= s->room)
		grow(s);
	uint64_t *at = slot(s, page);
	s->count += !*at;
	*at = page + 1;
}

static void clear(struct page_set *s)
{
	if (s->room)
		memset(s->slots, 0, s->room * sizeof *s->slots);
	s->count = 0;
}

const uint64_t *vmrr_stored_pages(struct vmrr_engine *e, bool physical, uint32_t *slots)
{
	const struct page_set *s = physical ? &e->stored_physical : &e->stored;
	*slots = s->room;
	return s->slots;
}

void vmrr_forget_stores(struct vmrr_engine *e)
{
	clear(&e->stored);
	clear(&e->stored_physical);
	if (e->stored_flush == e->tlb_flushes)
		e->target->flush_tlb(e);
}
