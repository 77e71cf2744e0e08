/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * System instructions that libunicorn stubs, gets wrong or answers from the
 * host: port accesses, time, CPUID, MSRs, CR8, SYSCALL. Each replaces the
 * helper that translated code calls, so the return address of the helper lies
 * in that code and says which instruction it was.
 */

#define RA ((uintptr_t)__builtin_return_address(0))
#define CR4_TSD (1ull << 2)
#define CR4_PCE (1ull << 8)
#define EFER_SCE (1ull << 0)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define EFER_FFXSR (1ull << 14)
#define VECTOR_UD 6

static struct vmrr_engine *engine_of_env(void *env)
{
	return x86_cpu(env)->engine;
}

/* ---- I/O ports: always the last instruction of their block ---- */

extern uint32_t T(cpu_lduw_mmuidx_ra)(void *env, uint64_t linear, int mmu_idx, uintptr_t ra);

/* The library lets every port access through. Without the privilege, the bitmap
 * in the TSS decides, SDM vol. 1, 19.5.2. */
static void check_port(struct x86_env *x, uint32_t port, int size, uintptr_t ra)
{
	int iopl = x->eflags >> 12 & 3, mmu_idx = x->hflags & HF_SMAP ? MMU_KSMAP : MMU_KNOSMAP;
	if (!(x->hflags & HF_PE) || (!(x->eflags & RFLAGS_VM) && (int)(x->hflags & HF_CPL) <= iopl))
		return;
	bool wide = (x->tr.flags >> 8 & 0xd) == 9; /* not a 16-bit TSS */
	if (wide && x->tr.limit >= 103) {
		uint32_t at = T(cpu_lduw_mmuidx_ra)(x, x->tr.base + 0x66, mmu_idx, ra) + (port >> 3);
		if (at + 1 <= x->tr.limit &&
		    !(T(cpu_lduw_mmuidx_ra)(x, x->tr.base + at, mmu_idx, ra) >> (port & 7) & ((1u << size) - 1)))
			return;
	}
	T(raise_exception_err_ra)(x, VECTOR_GP, 0, ra);
}

#define PORT_HELPERS(letter, bytes)                                                          \
	ORIGINAL(void, helper_out##letter, void *, uint32_t, uint32_t)                       \
	ORIGINAL(uint64_t, helper_in##letter, void *, uint32_t)                              \
	void T(helper_out##letter)(void *env, uint32_t port, uint32_t value)                 \
	{                                                                                    \
		struct vmrr_engine *e = engine_of_env(env);                                  \
		if (!e) {                                                                    \
			real_helper_out##letter(env, port, value);                           \
			return;                                                              \
		}                                                                            \
		check_port(env, port, bytes, RA);                                            \
		vmrrPortOut(e->config.token, port, bytes,                                    \
			    value & (0xffffffffu >> (32 - 8 * bytes)));                      \
	}                                                                                    \
	uint64_t T(helper_in##letter)(void *env, uint32_t port)                              \
	{                                                                                    \
		struct vmrr_engine *e = engine_of_env(env);                                  \
		if (!e)                                                                      \
			return real_helper_in##letter(env, port);                            \
		check_port(env, port, bytes, RA);                                            \
		return vmrrPortIn(e->config.token, port, bytes) & (0xffffffffu >> (32 - 8 * bytes)); \
	}

PORT_HELPERS(b, 1)
PORT_HELPERS(w, 2)
PORT_HELPERS(l, 4)

/* ---- time ---- */

ORIGINAL(uint64_t, cpu_get_tsc, void *)
ORIGINAL(void, helper_rdpmc, void *)
ORIGINAL(uint64_t, helper_rdrand, void *)

/* The time-stamp counter runs at 1 GHz of virtual time. RDTSC and RDTSCP end
 * their block, so the count is exact. */
uint64_t T(cpu_get_tsc)(void *env)
{
	struct vmrr_engine *e = engine_of_env(env);
	return e ? engine_now(e) + ((struct x86_env *)env)->tsc_adjust : real_cpu_get_tsc(env);
}

/* CPUID offers no counters, so no index is valid: #GP(0), SDM vol. 2, RDPMC. */
void T(helper_rdpmc)(void *env)
{
	if (!engine_of_env(env))
		real_helper_rdpmc(env);
	T(raise_exception_err_ra)(env, VECTOR_GP, 0, RA);
}

/* Host entropy must not reach the guest; CPUID does not offer RDRAND. */
uint64_t T(helper_rdrand)(void *env)
{
	if (!engine_of_env(env))
		return real_helper_rdrand(env);
	T(raise_exception_err_ra)(env, VECTOR_UD, 0, RA);
}

/* ---- CPUID ---- */

ORIGINAL(void, helper_cpuid, void *)

void T(helper_cpuid)(void *env)
{
	struct vmrr_engine *e = engine_of_env(env);
	struct x86_env *x = env;
	if (!e) {
		real_helper_cpuid(env);
		return;
	}
	uint32_t leaf = x->regs[RAX], subleaf = x->regs[RCX];
	uint32_t basic_max = 0, extended_max = 0;
	const struct vmrr_cpuid *found = NULL, *fallback = NULL;
	for (uint32_t i = 0; i < e->config.cpuid_count; i++) {
		const struct vmrr_cpuid *c = &e->config.cpuid[i];
		if (c->leaf == leaf && (c->any_subleaf || c->subleaf == subleaf))
			found = c;
		if (c->leaf == 0)
			basic_max = c->eax;
		if (c->leaf == 0x80000000)
			extended_max = c->eax;
	}
	/* Beyond the highest leaf the highest basic one answers, SDM vol. 2, CPUID. */
	bool beyond = leaf >= 0x80000000 ? leaf > extended_max : leaf > basic_max;
	if (!found && beyond)
		for (uint32_t i = 0; i < e->config.cpuid_count; i++)
			if (e->config.cpuid[i].leaf == basic_max)
				fallback = &e->config.cpuid[i];
	if (!found)
		found = fallback;
	x->regs[RAX] = found ? found->eax : 0;
	x->regs[RBX] = found ? found->ebx : 0;
	x->regs[RCX] = found ? found->ecx : 0;
	x->regs[RDX] = found ? found->edx : 0;
}

/* ---- control registers ---- */

ORIGINAL(uint64_t, helper_read_crN, void *, int)
ORIGINAL(void, helper_write_crN, void *, int, uint64_t)
extern void T(cpu_x86_update_cr0)(void *env, uint32_t value);
extern void T(cpu_x86_update_cr3)(void *env, uint64_t value);
extern void T(cpu_x86_update_cr4)(void *env, uint32_t value);

/* CR8 is the local APIC's task priority, SDM vol. 3, 11.8.6. */
uint64_t T(helper_read_crN)(void *env, int reg)
{
	struct vmrr_engine *e = engine_of_env(env);
	if (!e || reg != 8)
		return real_helper_read_crN(env, reg);
	T(make_exact)(e, RA);
	return vmrrTaskPriority(e->config.token);
}

#define CR0_PE 1ull
#define CR0_NW (1ull << 29)
#define CR0_CD (1ull << 30)
#define CR4_PGE (1ull << 7)
/* The bits of CR4 that exist here whatever CPUID says: VME..PCE. */
#define CR4_BASE 0x1ffull
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_FSGSBASE (1ull << 16)
#define CR4_SMAP (1ull << 21)

static uint64_t cr4_known(const struct x86_env *env)
{
	uint64_t known = CR4_BASE;
	if (env->features[FEAT_1_EDX] & (1u << 24))
		known |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (env->features[FEAT_7_0_EBX] & (1u << 0))
		known |= CR4_FSGSBASE;
	if (env->features[FEAT_7_0_EBX] & (1u << 7))
		known |= CR4_SMEP;
	if (env->features[FEAT_7_0_EBX] & (1u << 20))
		known |= CR4_SMAP;
	return known;
}

/* MOV to CR0, CR4 and CR8 with a value that SDM vol. 3, 2.5 forbids is #GP(0);
 * the library checks nothing. MOV to CR ends its block. */
void T(helper_write_crN)(void *env, int reg, uint64_t value)
{
	struct vmrr_engine *e = engine_of_env(env);
	struct x86_env *x = env;
	if (!e) {
		real_helper_write_crN(env, reg, value);
		return;
	}
	bool bad = false;
	switch (reg) {
	case 0:
		bad = value >> 32 || ((value & CR0_PG) && !(value & CR0_PE)) ||
		      ((value & CR0_NW) && !(value & CR0_CD)) ||
		      ((value & CR0_PG) && !(x->cr[0] & CR0_PG) && (x->efer & EFER_LME) &&
		       !(x->cr[4] & CR4_PAE)) ||
		      (!(value & CR0_PG) && (x->cr[0] & CR0_PG) && (x->hflags & HF_CS64));
		break;
	case 4:
		bad = (value & ~cr4_known(x)) ||
		      (!(value & CR4_PAE) && (x->efer & EFER_LMA));
		break;
	case 8:
		bad = value > 15;
		break;
	}
	if (bad)
		T(raise_exception_err_ra)(env, VECTOR_GP, 0, RA);
	if (reg == 8) {
		T(make_exact)(e, RA);
		vmrrSetTaskPriority(e->config.token, value);
		return;
	}
	real_helper_write_crN(env, reg, value);
	/* The library flushes when CR4.PGE, PAE, PSE, SMEP or SMAP changes, CR0
	 * when PG, WP or PE does, and on every write of CR3. */
}

/* ---- SYSCALL, SDM vol. 2 and AMD APM vol. 3; the library's is a stub ---- */

extern uint64_t T(helper_read_eflags)(void *env);
extern void T(helper_write_eflags)(void *env, uint64_t value, uint32_t mask);
ORIGINAL(void, helper_syscall, void *, int)

/* descriptor bits: G D/B L P S type */
#define DESC_CODE_64 0x00a09b00u
#define DESC_CODE_32 0x00c09b00u
#define DESC_DATA 0x00c09300u

static void set_flat(struct x86_env *x, int seg, uint32_t selector, uint32_t flags)
{
	x->segs[seg] = (struct x86_segment_cache){ .selector = selector & 0xfffc,
						   .limit = 0xffffffff,
						   .flags = flags };
}

void T(helper_syscall)(void *env, int length)
{
	struct x86_env *x = env;
	if (!engine_of_env(env)) {
		real_helper_syscall(env, length);
		return;
	}
	if (!(x->efer & EFER_SCE))
		T(raise_exception_err_ra)(env, VECTOR_UD, 0, RA);
	uint32_t selector = x->star >> 32 & 0xffff;
	uint64_t next = x->eip + length;
	uint64_t flags = T(helper_read_eflags)(env);
	uint32_t keep = x->hflags & ~(HF_CPL | HF_ADDSEG | HF_CS64);
	if (x->hflags & HF_LMA) {
		bool from_64 = x->hflags & HF_CS64;
		x->regs[RCX] = next;
		x->regs[R11] = flags & ~RFLAGS_RF;
		T(helper_write_eflags)(env, flags & ~(x->fmask | RFLAGS_RF), ~(uint32_t)RFLAGS_VM);
		set_flat(x, CS, selector, DESC_CODE_64);
		set_flat(x, SS, selector + 8, DESC_DATA);
		x->hflags = keep | HF_CS32 | HF_SS32 | HF_CS64;
		x->eip = from_64 ? x->lstar : x->cstar;
	} else {
		x->regs[RCX] = (uint32_t)next;
		T(helper_write_eflags)(env, flags & ~(RFLAGS_IF | RFLAGS_RF), ~(uint32_t)RFLAGS_VM);
		set_flat(x, CS, selector, DESC_CODE_32);
		set_flat(x, SS, selector + 8, DESC_DATA);
		x->hflags = keep | HF_CS32 | HF_SS32 |
			    (x->segs[DS].base || x->segs[ES].base ? HF_ADDSEG : 0);
		x->eip = (uint32_t)x->star;
	}
}

/* ---- SYSENTER, SDM vol. 2; the library's is a stub too ---- */

ORIGINAL(void, helper_sysenter, void *, int)

void T(helper_sysenter)(void *env, int length)
{
	struct x86_env *x = env;
	if (!engine_of_env(env)) {
		real_helper_sysenter(env, length);
		return;
	}
	if (!(x->sysenter_cs & 0xfffc))
		T(raise_exception_err_ra)(env, VECTOR_GP, 0, RA);
	bool long_mode = x->hflags & HF_LMA;
	x->eflags &= ~(RFLAGS_IF | RFLAGS_RF | RFLAGS_VM);
	set_flat(x, CS, x->sysenter_cs, long_mode ? DESC_CODE_64 : DESC_CODE_32);
	set_flat(x, SS, x->sysenter_cs + 8, DESC_DATA);
	x->hflags = (x->hflags & ~(HF_CPL | HF_ADDSEG | HF_CS64)) | HF_CS32 | HF_SS32 |
		    (long_mode ? HF_CS64 :
		     x->segs[DS].base || x->segs[ES].base ? HF_ADDSEG : 0);
	x->regs[RSP] = long_mode ? x->sysenter_esp : (uint32_t)x->sysenter_esp;
	x->eip = long_mode ? x->sysenter_eip : (uint32_t)x->sysenter_eip;
}
