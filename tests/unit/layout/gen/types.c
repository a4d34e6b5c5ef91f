/* Compiled by the tests in several dialects of DWARF: something of everything that CPython's structs have. */
struct inner {
  int before;
  union {
    long number;
    void *pointer;
  };
  struct {
    char small;
    double large;
  } named;
};

typedef const struct inner qualified;
typedef qualified renamed;

typedef struct {
  char first;
  renamed nested;
  struct {
    unsigned char alone;
    unsigned int kind : 3;
    unsigned int compact : 1;
    unsigned int wide : 20;
  } state;
  struct elsewhere *declared_only;
  char flexible[];
} outer;

enum owner { OWNED_BY_NOBODY = 3, OWNED_BY_ALL = 7 };

union word {
  unsigned long bits;
  void *pointer;
};

outer *one;
enum owner two;
struct with_word {
  int pad;
  union word tagged;
} three;
