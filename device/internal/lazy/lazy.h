// lazy.h makes C functions of a library that is opened when it is asked for, not by the loader when the program starts.
// Each is a jump through a slot of its own, which dlsym fills; until then the slot holds a function that only answers that
// the library is missing. A tail jump leaves stack and registers as they are, so no signature need be known.
//
// Include it once for each library, with LIB, TABLE and MISSING defined. TABLE is a file of lines X(f), and Z(f) for
// functions whose answer in the meantime must be zero, since they return pointers. The library's own header, included
// before, may rename f: then the function and the name looked up follow, and the slot does not.
#include <dlfcn.h>
#include <string.h>

#ifndef LAZY_H
#define LAZY_H
#define STR_(x) #x
#define STR(x) STR_(x)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define HIDDEN __attribute__((visibility("hidden"))) // other libraries must not find these functions
#if defined(__x86_64__)
#define JUMP(slot) "jmp *" slot "(%rip)"
#elif defined(__aarch64__)
#define JUMP(slot) "adrp x16, " slot "\n\tldr x16, [x16, :lo12:" slot "]\n\tbr x16"
#else
#error "there is no trampoline for this architecture"
#endif
// Aligned to 16 bytes, because Go's linker gives up on more than 255 functions in 4 KiB.
#define TRAMPOLINE(slot, name, missing) \
	HIDDEN void *slot = (void *)missing; \
	__asm__(".pushsection .text\n.balign 16\n.globl " name "\n.hidden " name "\n.type " name ", %function\n" \
		name ":\n\t.cfi_startproc\n\t" JUMP(STR(slot)) "\n\t.cfi_endproc\n" \
		".size " name ", .-" name "\n.popsection\n");
static inline long zero(void) { return 0; }
#endif

static long JOIN(missing_, LIB)(void) { return MISSING; }

#define X(f) TRAMPOLINE(slot_##f, STR(f), JOIN(missing_, LIB))
#define Z(f) TRAMPOLINE(slot_##f, STR(f), zero)
#include TABLE
#undef X
#undef Z

// load_LIB fills the slots from a file. It returns NULL, or why it could not, to be freed. A function that the library
// does not have goes on answering that it is missing.
HIDDEN char *JOIN(load_, LIB)(const char *file) {
	static const struct { void **slot; const char *name; } functions[] = {
#define X(f) {&slot_##f, STR(f)},
#define Z X
#include TABLE
#undef X
#undef Z
	};
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return strdup(dlerror());
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		void *f = dlsym(library, functions[i].name);
		if (f)
			*functions[i].slot = f;
	}
	return NULL;
}
#undef LIB
#undef TABLE
#undef MISSING
