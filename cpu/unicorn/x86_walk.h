/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The page walk: Intel SDM vol. 3, chapter 4 (AMD's agrees on all of this).
 * libunicorn walks the tables and then maps every address to itself, so the
 * walk is done here: 4-level, PAE, 32-bit and no paging; accessed and dirty
 * bits, NX, WP, SMEP, SMAP and reserved bits.
 */

#define CR0_WP (1ull << 16)
#define CR0_PG (1ull << 31)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_SMEP (1ull << 20)
#define EFER_NXE (1ull << 11)

#define PTE_P (1ull << 0)
#define PTE_W (1ull << 1)
#define PTE_U (1ull << 2)
#define PTE_A (1ull << 5)
#define PTE_D (1ull << 6)
#define PTE_PS (1ull << 7)
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull
#define CACHED (PTE_P | PTE_A)

/* Page-fault error code, SDM vol. 3, 4.7 */
#define PF_P 1
#define PF_W 2
#define PF_U 4
#define PF_RSVD 8
#define PF_I 16

#define VECTOR_GP 13
#define VECTOR_PF 14

struct walk {
	/* in */
	uint64_t linear;
	int access, mmu_idx;
	bool commit; /* set accessed and dirty bits, note the tables for coherence */
	/* out */
	uint64_t pa, page_size;
	int prot;
	int vector, error; /* vector 0: none */
	/* between */
	uint64_t steps[4]; /* offsets in RAM of the entries used */
	int depth, entry_size;
	uint64_t rights; /* AND of P, W and U over all levels */
	uint64_t nx; /* OR of NX */
};

static inline uint64_t a20(const struct vmrr_engine *e, uint64_t pa)
{
	return e->a20 ? pa : pa & ~(1ull << 20);
}

/* Reads the entry at pa. Where no RAM is, the bus reads all-ones. */
static uint64_t read_entry(struct vmrr_engine *e, struct walk *w, uint64_t pa, int shift,
			   uint64_t cached)
{
	uint64_t offset = ram_offset(e, a20(e, pa));
	w->steps[w->depth++] = offset;
	if (offset == UINT64_MAX)
		return UINT64_MAX;
	if (w->commit)
		T(note_table)(e, offset, w->linear, shift, w->entry_size, cached);
	return w->entry_size == 8 ? AT(e->ram, offset, uint64_t) : AT(e->ram, offset, uint32_t);
}

static void page_fault(const struct x86_env *env, struct walk *w, int bits)
{
	bool nx_on = (env->efer & EFER_NXE) && (env->cr[4] & CR4_PAE);
	w->vector = VECTOR_PF;
	w->error = bits;
	if (w->access == ACCESS_STORE)
		w->error |= PF_W;
	if (w->mmu_idx == MMU_USER)
		w->error |= PF_U;
	if (w->access == ACCESS_FETCH && (nx_on || (env->cr[4] & CR4_SMEP)))
		w->error |= PF_I;
}

/* Takes one entry into the walk's rights; false if it faults. */
static bool take(const struct x86_env *env, struct walk *w, uint64_t entry, uint64_t reserved)
{
	if (!(entry & PTE_P)) {
		page_fault(env, w, 0);
		return false;
	}
	if (entry & reserved) {
		page_fault(env, w, PF_P | PF_RSVD);
		return false;
	}
	w->rights &= entry;
	if (w->entry_size == 8)
		w->nx |= entry & PTE_NX;
	return true;
}

/* 4-level and PAE tables: 8-byte entries. */
static bool walk_wide(struct vmrr_engine *e, struct x86_env *env, struct walk *w)
{
	uint64_t high = PTE_ADDRESS & ~((1ull << e->config.phys_bits) - 1);
	uint64_t reserved = high | (env->efer & EFER_NXE ? 0 : PTE_NX);
	bool gigabyte_pages = env->features[FEAT_8000_0001_EDX] & (1u << 26);
	uint64_t table, entry;
	int shift;
	w->entry_size = 8;
	if (env->hflags & HF_LMA) {
		int64_t sign = (int64_t)w->linear >> 47;
		if (sign != 0 && sign != -1) {
			w->vector = VECTOR_GP;
			return false;
		}
		table = env->cr[3] & PTE_ADDRESS;
		shift = 39;
	} else {
		/* The four PDPTEs, SDM vol. 3, 4.4.1; they have no rights and no
		 * accessed bit, and bits 1, 2, 5..8 and 52..63 are reserved. */
		w->linear = (uint32_t)w->linear;
		entry = read_entry(e, w, (env->cr[3] & 0xffffffe0) + 8 * (w->linear >> 30), 30, PTE_P);
		w->depth = 0; /* nothing to commit in it */
		if (!(entry & PTE_P)) {
			page_fault(env, w, 0);
			return false;
		}
		if (entry & (high | 0xfff0000000000000ull | 0x1e6)) {
			page_fault(env, w, PF_P | PF_RSVD);
			return false;
		}
		table = entry & PTE_ADDRESS;
		shift = 21;
	}
	for (;; shift -= 9) {
		entry = read_entry(e, w, table + 8 * (w->linear >> shift & 511), shift, CACHED);
		bool leaf = shift == 12 || (entry & PTE_PS && shift < 39);
		uint64_t bad = reserved;
		if (shift == 39 || (shift == 30 && !gigabyte_pages))
			bad |= PTE_PS;
		else if (leaf && shift > 12)
			bad |= ((1ull << shift) - 1) & ~0x1fffull; /* address bits of a large page */
		if (!take(env, w, entry, bad))
			return false;
		if (leaf)
			break;
		table = entry & PTE_ADDRESS;
	}
	w->page_size = 1ull << shift;
	w->pa = (entry & PTE_ADDRESS & ~(w->page_size - 1)) | (w->linear & (w->page_size - 1));
	return true;
}

/* 32-bit tables: 4-byte entries, 4 MiB pages with PSE-36, SDM vol. 3, 4.3. */
static bool walk_narrow(struct vmrr_engine *e, struct x86_env *env, struct walk *w)
{
	w->linear = (uint32_t)w->linear;
	w->entry_size = 4;
	uint64_t entry = read_entry(e, w, (env->cr[3] & 0xfffff000) + 4 * (w->linear >> 22), 22, CACHED);
	bool large = (entry & PTE_PS) && (env->cr[4] & CR4_PSE);
	if (!take(env, w, entry, large ? 1u << 21 : 0))
		return false;
	if (large) {
		w->page_size = 4 << 20;
		w->pa = (entry & 0xffc00000) | (entry & 0x1fe000) << 19 | (w->linear & 0x3fffff);
		return true;
	}
	entry = read_entry(e, w, (entry & 0xfffff000) + 4 * (w->linear >> 12 & 1023), 12, CACHED);
	if (!take(env, w, entry, 0))
		return false;
	w->page_size = 4096;
	w->pa = (entry & 0xfffff000) | (w->linear & 0xfff);
	return true;
}

/* What the TLB may let through at this mmu_idx, SDM vol. 3, 4.6. */
static int protection(const struct x86_env *env, const struct walk *w)
{
	bool user = w->mmu_idx == MMU_USER;
	bool user_page = w->rights & PTE_U;
	int prot = 0;
	if (user ? user_page : !(user_page && w->mmu_idx == MMU_KSMAP)) {
		prot |= PROT_R;
		if ((w->rights & PTE_W) || (!user && !(env->cr[0] & CR0_WP)))
			prot |= PROT_W;
	}
	if (!w->nx && (user ? user_page : !(user_page && (env->cr[4] & CR4_SMEP))))
		prot |= PROT_X;
	return prot;
}

/* Sets the accessed bits, and on a store the dirty bit, that are not set yet. */
static void commit(struct vmrr_engine *e, struct walk *w)
{
	for (int i = 0; i < w->depth; i++) {
		if (w->steps[i] == UINT64_MAX)
			continue; /* in a hole: nothing to set */
		uint32_t *low = (uint32_t *)(e->ram + w->steps[i]);
		bool leaf = i == w->depth - 1;
		uint32_t bits = PTE_A | (leaf && w->access == ACCESS_STORE ? PTE_D : 0);
		if ((*low & bits) != bits) {
			*low |= bits;
			mark_dirty(e, w->steps[i]);
		}
		if (leaf && !(*low & PTE_D))
			w->prot &= ~PROT_W; /* the first store must set it */
	}
}

/* Walks; true if the access is allowed. */
static bool walk(struct vmrr_engine *e, struct x86_env *env, struct walk *w)
{
	w->depth = 0;
	w->vector = w->error = 0;
	w->nx = 0;
	w->rights = PTE_P | PTE_W | PTE_U;
	if (!(env->cr[0] & CR0_PG)) {
		w->pa = a20(e, (uint32_t)w->linear);
		w->prot = PROT_R | PROT_W | PROT_X;
		w->page_size = 4096;
		return true;
	}
	if (!(env->cr[4] & CR4_PAE ? walk_wide(e, env, w) : walk_narrow(e, env, w)))
		return false;
	w->pa = a20(e, w->pa);
	w->prot = protection(env, w);
	int need = w->access == ACCESS_LOAD ? PROT_R : w->access == ACCESS_STORE ? PROT_W : PROT_X;
	if (!(w->prot & need)) {
		page_fault(env, w, PF_P);
		return false;
	}
	if (w->commit)
		commit(e, w);
	return true;
}

ORIGINAL(bool, x86_cpu_tlb_fill, void *, uint64_t, int, int, int, bool, uintptr_t)
extern void T(raise_exception_err_ra)(void *env, int vector, int error, uintptr_t ra)
	__attribute__((noreturn));

/* The TLB has no entry, or none that allows the access. ra is 0 for a fetch
 * and for the CPU's own accesses while it delivers an exception. */
bool T(x86_cpu_tlb_fill)(struct qemu_cpu *cpu, uint64_t linear, int size, int access, int mmu_idx,
			 bool probe, uintptr_t ra)
{
	struct vmrr_engine *e = cpu->engine;
	if (!e)
		return real_x86_cpu_tlb_fill(cpu, linear, size, access, mmu_idx, probe, ra);
	if (access == ACCESS_FETCH && cpu->budget <= 0)
		T(fetch_at_limit)(e);
	struct x86_env *env = e->env;
	struct walk w = { .linear = linear, .access = access, .mmu_idx = mmu_idx, .commit = true };
	e->stats.tlb_fills++;
	if (walk(e, env, &w)) {
		T(install_page)(e, linear, w.pa, access, w.prot, mmu_idx, w.page_size);
		return true;
	}
	if (probe)
		return false;
	if (w.vector == VECTOR_PF)
		env->cr[2] = linear;
	T(raise_exception_err_ra)(env, w.vector, w.error, ra);
}

/* A debugger's translation: present pages only, whatever their rights. */
static bool x86_translate(struct vmrr_engine *e, uint64_t linear, uint64_t *pa)
{
	struct x86_env *env = e->env;
	struct walk w = { .linear = linear, .access = ACCESS_LOAD, .mmu_idx = MMU_KNOSMAP };
	if (!walk(e, env, &w))
		return false;
	*pa = w.pa;
	return true;
}
