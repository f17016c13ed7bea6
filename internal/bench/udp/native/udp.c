/*
 * The yardstick: what a C program on the bare system calls reaches.
 *
 *   udp send ADDRESS:PORT SIZE BATCH NANOSECONDS SEGMENTS
 *   udp receive ADDRESS:0 SIZE BATCH
 *
 * Send uses sendmmsg with UDP_SEGMENT, receive recvmmsg with UDP_GRO. Each call
 * begins with, or ends in, a list of BATCH datagrams: that is the work that the
 * other ways do too. What the program prints, and when, is in ../agent_linux.go.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
	BUFFER = 7 << 20,     /* of the socket; as in ../socket_linux.go */
	PAYLOAD = 65507,      /* of one IPv4 packet */
	OLD_SEGMENTS = 64,    /* UDP_MAX_SEGMENTS before Linux 6.9 */
	SLOT = 65536 + 4160,  /* not a power of two: slots must not share cache sets */
	SLOTS = 128,          /* when packets arrive one by one */
	BIG_SLOTS = 8,        /* when they arrive coalesced: what fits the cache */
	CONTROL = 64,
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t cpu(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000000) +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * INT64_C(1000);
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = BUFFER;
	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size))
		die("SO_RCVBUF");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size))
		die("SO_SNDBUF");
	return fd;
}

static struct sockaddr_in parse(char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	char *colon = strchr(text, ':');
	if (!colon)
		goto bad;
	*colon = 0;
	a.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, text, &a.sin_addr) == 1)
		return a;
bad:
	fprintf(stderr, "want ADDRESS:PORT\n");
	exit(2);
}

struct datagram {
	char *data;
	size_t size;
	struct sockaddr_in from; /* of one that was received */
};

/* What one sendmmsg takes. */
struct call {
	struct mmsghdr *m;
	struct iovec *iov;
	char (*control)[CONTROL];
	int parts;
};

static void set_segment(struct msghdr *h, char *control, uint16_t size)
{
	h->msg_control = control;
	h->msg_controllen = CMSG_SPACE(sizeof size);
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof size);
	memcpy(CMSG_DATA(c), &size, sizeof size);
}

/*
 * Makes message i of the first datagrams, and returns how many those are: of one
 * size, but for the last, and as many as the kernel takes. What lies in one piece
 * goes as one piece.
 */
static int join(struct call *c, int i, struct datagram *d, int n, int most)
{
	struct msghdr *h = &c->m[i].msg_hdr;
	struct iovec *v = &c->iov[c->parts++];
	size_t size = d[0].size, total = size;
	int k = 1;

	*v = (struct iovec){d[0].data, size};
	*h = (struct msghdr){.msg_iov = v, .msg_iovlen = 1};
	for (; k < n && k < most && d[k].size <= size && d[k - 1].size == size && total + d[k].size <= PAYLOAD; k++) {
		total += d[k].size;
		if ((char *)v->iov_base + v->iov_len == d[k].data) {
			v->iov_len += d[k].size;
			continue;
		}
		v = &c->iov[c->parts++];
		*v = (struct iovec){d[k].data, d[k].size};
		h->msg_iovlen++;
	}
	if (k > 1)
		set_segment(h, c->control[i], size);
	return k;
}

static int join_all(struct call *c, struct datagram *d, int n, int most)
{
	int count = 0;
	c->parts = 0;
	for (int at = 0; at < n; count++)
		at += join(c, count, d + at, n - at, most);
	return count;
}

static void send_all(struct sockaddr_in to, int size, int batch, int64_t duration, int most)
{
	int fd = open_socket();
	struct call c = {calloc(batch, sizeof *c.m), calloc(batch, sizeof *c.iov), calloc(batch, CONTROL), 0};
	struct datagram *list = calloc(batch, sizeof *list);
	char *data = malloc((size_t)batch * size);
	uint64_t sent = 0, calls = 0;

	memset(data, 'x', (size_t)batch * size);
	for (int i = 0; i < batch; i++)
		list[i] = (struct datagram){.data = data + (size_t)i * size, .size = size};
	if (connect(fd, (struct sockaddr *)&to, sizeof to))
		die("connect");
	int64_t cpu0 = cpu(), begun = now(), t = begun;
	for (; t - begun < duration; t = now()) {
		int count = join_all(&c, list, batch, most);
		for (int i = 0; i < count;) {
			int n = sendmmsg(fd, c.m + i, count - i, 0);
			calls++;
			if (n < 0 && errno == EINVAL && most > OLD_SEGMENTS && sent == 0) {
				most = OLD_SEGMENTS;
				break;
			}
			if (n < 0 && errno != EINTR)
				die("sendmmsg");
			for (int end = i + (n < 0 ? 0 : n); i < end; i++)
				sent += c.m[i].msg_len / size;
		}
	}
	printf("{\"datagrams\":%" PRIu64 ",\"nanoseconds\":%" PRId64 ",\"cpu\":%" PRId64 ",\"calls\":%" PRIu64 "}\n",
	       sent, t - begun, cpu() - cpu0, calls);
}

/* What the main thread counts and the other one reads. */
static uint64_t received, first;
static int stop;

static uint64_t load(uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }

static struct {
	uint64_t datagrams;
	int64_t at;
} seen;

/* The first line on standard input says that the sender has ended. */
static void *watch(void *arg)
{
	(void)arg;
	if (getchar() == EOF)
		exit(0);
	seen.datagrams = load(&received);
	seen.at = now();
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	return NULL;
}

static int coalesced(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			int size;
			memcpy(&size, CMSG_DATA(c), sizeof size);
			return size;
		}
	return 0;
}

/* The application: it looks at the size of what it got. */
static int wrong(struct datagram *list, int n, size_t size)
{
	int cut = 0;
	for (int i = 0; i < n; i++)
		cut += list[i].size != size;
	return cut;
}

static void receive_all(struct sockaddr_in at, int size, int batch)
{
	int fd = open_socket(), on = 1, slots = SLOTS;
	socklen_t length = sizeof at;
	struct timeval idle = {.tv_usec = 20000};
	static struct mmsghdr m[SLOTS];
	static struct iovec iov[SLOTS];
	static struct sockaddr_in from[SLOTS];
	static char control[SLOTS][CONTROL];
	char *data = malloc((size_t)SLOTS * SLOT);
	struct datagram *list = calloc(batch, sizeof *list);
	uint64_t total = 0, cut = 0, calls = 0;
	pthread_t thread;

	if (setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on))
		die("UDP_GRO");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle))
		die("SO_RCVTIMEO");
	if (bind(fd, (struct sockaddr *)&at, sizeof at) || getsockname(fd, (struct sockaddr *)&at, &length))
		die("bind");
	for (int i = 0; i < SLOTS; i++) {
		iov[i] = (struct iovec){data + (size_t)i * SLOT, 65536};
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_control = control[i]};
	}
	printf("{\"port\":%d}\n", ntohs(at.sin_port));
	fflush(stdout);
	if (pthread_create(&thread, NULL, watch, NULL))
		die("pthread_create");
	int64_t cpu0 = cpu();
	for (;;) {
		for (int i = 0; i < slots; i++) {
			m[i].msg_hdr.msg_namelen = sizeof from[i];
			m[i].msg_hdr.msg_controllen = CONTROL;
		}
		int n = recvmmsg(fd, m, slots, MSG_WAITFORONE, NULL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
				break;
			continue;
		}
		if (n < 0)
			die("recvmmsg");
		calls++;
		if (total == 0)
			__atomic_store_n(&first, (uint64_t)now(), __ATOMIC_RELEASE);
		uint64_t before = total;
		int filled = 0;
		for (int i = 0; i < n; i++) {
			int length = m[i].msg_len, each = coalesced(&m[i].msg_hdr);
			if (each == 0 || each > length)
				each = length;
			int begin = 0;
			do { /* also for one that is empty */
				int left = length - begin;
				if (filled == batch) {
					cut += wrong(list, filled, size);
					filled = 0;
				}
				list[filled++] = (struct datagram){
					(char *)iov[i].iov_base + begin, left < each ? left : each, from[i]};
				total++;
				begin += each;
			} while (begin < length);
		}
		cut += wrong(list, filled, size);
		slots = total - before > (uint64_t)n * 4 ? BIG_SLOTS : SLOTS;
		__atomic_store_n(&received, total, __ATOMIC_RELEASE);
	}
	pthread_join(thread, NULL);
	printf("{\"datagrams\":%" PRIu64 ",\"cut\":%" PRIu64 ",\"counted\":%" PRIu64 ",\"nanoseconds\":%" PRId64
	       ",\"cpu\":%" PRId64 ",\"calls\":%" PRIu64 "}\n",
	       total, cut, seen.datagrams, total ? seen.at - (int64_t)load(&first) : 0, cpu() - cpu0, calls);
	fflush(stdout);
	while (getchar() != EOF) /* the socket's counters are read before it goes */
		;
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "send"))
		send_all(parse(argv[2]), atoi(argv[3]), atoi(argv[4]), atoll(argv[5]), atoi(argv[6]));
	else if (argc == 5 && !strcmp(argv[1], "receive"))
		receive_all(parse(argv[2]), atoi(argv[3]), atoi(argv[4]));
	else {
		fprintf(stderr, "usage: udp send|receive ADDRESS:PORT SIZE BATCH [NANOSECONDS SEGMENTS]\n");
		return 2;
	}
	return 0;
}
