/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory: what the library's softmmu TLB may hold, and which stores we see.
 *
 * The TLB must never show. Its contents depend on what ran when and in which
 * slices, its size even on the host's clock, so the guest would otherwise see
 * a state that depends on how it was reached: an accessed bit cleared by the
 * guest is set again, or not, by whether the entry happened to be dropped. The
 * TLB is therefore kept coherent: an entry exists only while a fresh walk
 * would give the same result and change nothing. A page that the walker read
 * entries from is marked, stores to it take the slow path, and the store that
 * changes an entry which can be cached (present and accessed) drops what was
 * cached of it. Any flush at any time then changes nothing that the guest sees.
 *
 * Stores are made fast again: in libunicorn every store takes the slow path,
 * as its dirty bitmap is a stub. Here only stores to pages that hold
 * translated code or page tables do. A page enters the TLB writable only on a
 * store, which marks it dirty in the present epoch; a new epoch flushes.
 */

extern void T(tlb_set_page_with_attrs)(void *cpu, uint64_t vaddr, uint64_t paddr, uint32_t attrs,
				       int prot, int mmu_idx, uint64_t size);
extern void T(tlb_set_dirty)(void *cpu, uint64_t vaddr);
extern void T(tlb_reset_dirty)(void *cpu, uint64_t host, uint64_t size);
extern void T(tlb_flush_page)(void *cpu, uint64_t vaddr);
extern void T(cpu_loop_exit_noexc)(void *cpu) __attribute__((noreturn));
extern void T(tb_invalidate_phys_range)(void *uc, uint64_t start, uint64_t end);

ORIGINAL(void, tlb_flush, void *)
ORIGINAL(void, tb_flush, void *)
ORIGINAL(void, tlb_protect_code, void *, uint64_t)
ORIGINAL(void, tlb_unprotect_code, void *, uint64_t)
ORIGINAL(void *, page_collection_lock, void *, uint64_t, uint64_t)
ORIGINAL(void, page_collection_unlock, void *)
ORIGINAL(void, tb_invalidate_phys_page_fast, void *, void *, uint64_t, int, uintptr_t)

void T(tlb_flush)(struct qemu_cpu *cpu)
{
	if (cpu->engine)
		cpu->engine->tlb_flushes++;
	real_tlb_flush(cpu);
}

static void T(flush_tlb)(struct vmrr_engine *e)
{
	T(tlb_flush)(e->cpu);
}

void T(tb_flush)(struct qemu_cpu *cpu)
{
	struct vmrr_engine *e = cpu->engine;
	real_tb_flush(cpu);
	if (e) {
		e->stats.cache_flushes++;
		for (uint64_t i = 0; i < e->pages; i++)
			e->page_flags[i] &= ~PAGE_HAS_CODE;
	}
}

/* Stores to the page take the slow path from now on. */
static void T(watch_page)(struct vmrr_engine *e, uint64_t page, uint8_t why)
{
	if (!e->page_flags[page])
		T(tlb_reset_dirty)(e->cpu, (uint64_t)(e->ram + (page << 12)), 4096);
	e->page_flags[page] |= why;
}

void T(tlb_protect_code)(void *uc, uint64_t offset)
{
	struct vmrr_engine *e = engine_of_uc(uc);
	if (!e)
		real_tlb_protect_code(uc, offset);
	else if (offset >> 12 < e->pages)
		T(watch_page)(e, offset >> 12, PAGE_HAS_CODE);
}

void T(tlb_unprotect_code)(void *uc, uint64_t offset)
{
	struct vmrr_engine *e = engine_of_uc(uc);
	if (!e)
		real_tlb_unprotect_code(uc, offset);
	else if (offset >> 12 < e->pages)
		e->page_flags[offset >> 12] &= ~PAGE_HAS_CODE;
}

/* The locks guard against other threads' translations; an engine has one. */
void *T(page_collection_lock)(void *uc, uint64_t start, uint64_t end)
{
	return engine_of_uc(uc) ? NULL : real_page_collection_lock(uc, start, end);
}

void T(page_collection_unlock)(void *set)
{
	if (set)
		real_page_collection_unlock(set);
}

/* The walker is about to read an entry of the table that lies at offset. */
static inline void T(note_table)(struct vmrr_engine *e, uint64_t offset, uint64_t va,
				 uint8_t shift, uint8_t entry_size, uint8_t cached)
{
	uint64_t page = offset >> 12;
	struct table_use *use = &e->tables[page];
	uint64_t span = (uint64_t)(4096 / entry_size) << shift;
	va &= ~(span - 1);
	if (!(e->page_flags[page] & PAGE_HAS_TABLE)) {
		T(watch_page)(e, page, PAGE_HAS_TABLE);
		*use = (struct table_use){ .va = va, .shift = shift, .entry_size = entry_size,
					   .cached = cached };
	} else if (use->va != va || use->shift != shift || use->entry_size != entry_size) {
		use->shared = 1;
		use->cached &= cached;
	}
	use->flush = e->tlb_flushes;
}

/* A flush that a store made necessary waits until the store is done: the
 * library still holds pointers into the TLB. Nothing else runs before it. */
static void T(flush_pending)(struct vmrr_engine *e)
{
	if (e->pending_flush == FLUSH_NONE)
		return;
	if (e->pending_flush == FLUSH_ALL)
		T(tlb_flush)(e->cpu);
	else
		T(tlb_flush_page)(e->cpu, e->pending_flush);
	e->pending_flush = FLUSH_NONE;
}

/* Can anything be cached of the entries that this store is about to change? */
static uint64_t T(stale_after_store)(struct vmrr_engine *e, uint64_t offset, int size)
{
	const struct table_use *use = &e->tables[offset >> 12];
	uint64_t stale = FLUSH_NONE;
	uint64_t first = offset & ~(uint64_t)(use->entry_size - 1);
	for (uint64_t at = first; at < offset + size; at += use->entry_size) {
		uint64_t entry = use->entry_size == 8 ? AT(e->ram, at, uint64_t) :
							AT(e->ram, at, uint32_t);
		if ((entry & use->cached) != use->cached)
			continue;
		if (use->shared || use->shift != 12 || stale != FLUSH_NONE)
			return FLUSH_ALL;
		stale = use->va + ((at & 4095) / use->entry_size << 12);
	}
	return stale;
}

/* Every store to a watched page comes here before it is made. */
void T(tb_invalidate_phys_page_fast)(void *uc, void *pages, uint64_t offset, int size, uintptr_t ra)
{
	struct vmrr_engine *e = engine_of_uc(uc);
	if (e && (e->page_flags[offset >> 12] & PAGE_HAS_TABLE)) {
		if (e->tables[offset >> 12].flush != e->tlb_flushes) {
			/* Not read since the TLB was last empty: a table no more. */
			e->page_flags[offset >> 12] &= ~PAGE_HAS_TABLE;
		} else {
			uint64_t stale = T(stale_after_store)(e, offset, size);
			if (stale != FLUSH_NONE) {
				T(make_exact)(e, ra);
				e->pending_flush = e->pending_flush == FLUSH_NONE ? stale :
										    FLUSH_ALL;
				e->cpu->icount_decr->high = 0xffff;
			}
		}
	}
	real_tb_invalidate_phys_page_fast(uc, pages, offset, size, ra);
}

/* An entry of the TLB is about to let the guest store to a page, or not. */
static void T(note_stores)(struct vmrr_engine *e, uint64_t linear, int prot)
{
	if (prot & PROT_W) {
		page_set_add(&e->stored, linear >> 12);
		page_set_add(&e->stored_physical, e->install_pa >> 12);
		e->stored_flush = e->tlb_flushes;
	}
}

/* Enters the translation of one page that a walk gave. */
static void T(install_page)(struct vmrr_engine *e, uint64_t linear, uint64_t pa, int access,
			    int prot, int mmu_idx, uint64_t page_size)
{
	uint64_t offset = ram_offset(e, pa & ~4095ull);
	linear &= ~4095ull;
	e->install_pa = pa & ~4095ull;
	if (offset == UINT64_MAX) {
		T(note_stores)(e, linear, prot);
		T(tlb_set_page_with_attrs)(e->cpu, linear, MMIO_BASE + (pa & ~4095ull), 0, prot,
					   mmu_idx, page_size);
		return;
	}
	uint64_t page = offset >> 12;
	if (access == ACCESS_STORE)
		e->page_epoch[page] = e->epoch;
	else if (e->page_epoch[page] != e->epoch)
		prot &= ~PROT_W; /* the first store must come back here */
	T(note_stores)(e, linear, prot);
	T(tlb_set_page_with_attrs)(e->cpu, linear, offset, 0, prot, mmu_idx, page_size);
	if ((prot & PROT_W) && !e->page_flags[page])
		T(tlb_set_dirty)(e->cpu, linear);
}

/* A fetch at the limit must not happen: it could fault or set an accessed
 * bit, and the state at the limit is the one before. */
static inline void T(fetch_at_limit)(struct vmrr_engine *e)
{
	engine_leave(e);
	T(cpu_loop_exit_noexc)(e->cpu);
}

static void T(drop_code)(struct vmrr_engine *e, uint64_t offset, uint64_t size)
{
	uint64_t end = offset + size;
	for (uint64_t at = offset & ~4095ull; at < end; at += 4096)
		if (e->page_flags[at >> 12] & PAGE_HAS_CODE)
			T(tb_invalidate_phys_range)(e->uc, at, at + 4096);
}

static uint64_t T(mmio_read)(uc_engine *uc, uint64_t pa, unsigned size, void *user)
{
	struct vmrr_engine *e = user;
	uintptr_t ra = e->cpu->mem_io_pc;
	(void)uc;
	if (ra == 0)
		return UINT64_MAX; /* code, or a stack or table of the CPU's own, in a hole */
	T(make_exact)(e, ra);
	return vmrrMMIORead(e->config.token, pa, size);
}

static void T(mmio_write)(uc_engine *uc, uint64_t pa, unsigned size, uint64_t value, void *user)
{
	struct vmrr_engine *e = user;
	uintptr_t ra = e->cpu->mem_io_pc;
	(void)uc;
	if (ra == 0)
		return;
	T(make_exact)(e, ra);
	vmrrMMIOWrite(e->config.token, pa, size, value);
}
