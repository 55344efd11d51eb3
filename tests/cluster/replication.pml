/* The core of a shard's replication, R1 to R8: three nodes, two records, one crash, one lossy link.
 *
 * A Prepare is received from the memory of whoever sends it, who may have ceased to lead without
 * knowing; one that is never sent is one that is lost, so only answers need to get lost. An answer
 * that comes late is no other history than a commit that comes late.
 * Times are left out: anybody may fall silent, be removed or take over at any moment, which is more
 * than clocks allow. Logs are short, so a Prepare carries the whole log and needs no `prev`. A
 * record is known by the epoch of whoever wrote it. The coordinator is a variable that changes
 * atomically, but who changes it learns of it only in a later step.
 *
 * Checked: a committed record is on the disk of every member of the configuration of its commit and
 * of every later one, in the log of every later primary, and never another; one primary commits
 * per epoch; nothing known to be committed is cut.
 *
 * One of the macros named BREAK_… plants a bug that the check has to find.
 */

#define NODES 3
#define RECORDS 2
#ifndef EPOCHS
#define EPOCHS 3
#endif
#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)

/* The coordinator. */
byte cfg_epoch = 1;
byte cfg_primary = 0;
byte cfg_members = 7;

/* What must hold for ever. */
byte truth[RECORDS];   /* the epoch of the record committed there; 0: none yet */
byte truths = 0;
byte committer[6] = 9;

typedef Node {
  /* on disk */
  byte epoch;
  byte log[RECORDS];
  byte length;      /* written */
  byte synced;      /* of it, on disk */
  /* in memory */
  byte committed;
  bool leads;
  byte members;     /* as it knows them while it leads */
  byte counted;     /* members, and who may have become one */
  byte start;
  byte inherited;
  byte acked[NODES];
  byte heard;       /* who has acknowledged anything in this epoch */
  byte changing;    /* 1 + who was removed, or 4 + who joined, without its knowing */
}
Node node[NODES];
byte crashes = 0;
byte i, j;            /* scratch, always reset */

inline hold_truth(n) {
  j = 0;
  do
  :: j < truths -> assert(j < node[n].synced && node[n].log[j] == truth[j]); j++
  :: else -> break
  od;
  j = 0
}

inline check_members() {
  i = 0;
  do
  :: i < NODES ->
     if
     :: HAS(cfg_members, i) -> hold_truth(i)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

inline begin_epoch(n, number, group) {
  node[n].epoch = number;
  node[n].leads = true;
  node[n].members = group;
  node[n].counted = group;
  node[n].start = node[n].length;
  node[n].acked[0] = 0; node[n].acked[1] = 0; node[n].acked[2] = 0;
  node[n].heard = BIT(n);
  node[n].changing = 0
}

inline begin_to_lead(n, number, group) {
  begin_epoch(n, number, group);
  node[n].inherited = node[n].length;
  /* obligation 2: a primary has all that was committed before */
  j = 0;
  do
  :: j < truths -> assert(j < node[n].length && node[n].log[j] == truth[j]); j++
  :: else -> break
  od;
  j = 0
}

inline fall_back(n) {
  node[n].leads = false;
  node[n].members = 0; node[n].counted = 0; node[n].start = 0; node[n].inherited = 0;
  node[n].acked[0] = 0; node[n].acked[1] = 0; node[n].acked[2] = 0;
  node[n].heard = 0; node[n].changing = 0; node[n].committed = 0
}

inline cut(n, to) {
  node[n].length = to;
  if
  :: to < 2 -> node[n].log[1] = 0
  :: else
  fi;
  if
  :: to < 1 -> node[n].log[0] = 0
  :: else
  fi
}

inline accept(n, from) {
  if
  :: node[from].epoch > node[n].epoch ->
     node[n].epoch = node[from].epoch;
     if
     :: node[n].leads -> fall_back(n)
     :: else
     fi
  :: else
  fi;
#ifndef BREAK_CUT
  if /* beyond the beginning of the epoch nothing older is kept */
  :: node[n].length > node[from].start && node[n].log[node[from].start] < node[from].epoch ->
     cut(n, node[from].start)
  :: else
  fi;
  if /* the first conflict */
  :: node[from].length > 0 && node[n].length > 0 && node[n].log[0] != node[from].log[0] -> cut(n, 0)
  :: else
  fi;
  if
  :: node[from].length > 1 && node[n].length > 1 && node[n].log[1] != node[from].log[1] -> cut(n, 1)
  :: else
  fi;
#endif
  if
  :: node[n].length == 0 && node[from].length > 0 ->
     node[n].log[0] = node[from].log[0]; node[n].length = 1
  :: else
  fi;
  if
  :: node[n].length == 1 && node[from].length > 1 ->
     node[n].log[1] = node[from].log[1]; node[n].length = 2
  :: else
  fi;
  node[n].synced = node[n].length;
  if /* obligation 2: a member never loses what was committed */
  :: HAS(cfg_members, n) -> hold_truth(n)
  :: else
  fi
}

#define ACCEPT(whom) d_step { n != whom && node[whom].leads && \
         (node[whom].epoch > node[n].epoch || (node[whom].epoch == node[n].epoch && !node[n].leads)) -> \
       accept(n, whom); \
       node[whom].heard = node[whom].heard | BIT(n); node[whom].acked[n] = node[whom].length }
#define ACCEPT_UNHEARD(whom) d_step { n == 1 && node[whom].leads && \
         (node[whom].epoch > node[n].epoch || (node[whom].epoch == node[n].epoch && !node[n].leads)) -> \
       accept(n, whom) }

#define REMOVE(whom) d_step { n != whom && node[n].leads && node[n].changing == 0 && \
         HAS(node[n].members, whom) && cfg_epoch == node[n].epoch && cfg_epoch < EPOCHS -> \
       cfg_epoch++; cfg_members = cfg_members & ~BIT(whom); node[n].changing = whom + 1 }

#define JOIN(whom) d_step { n != whom && node[n].leads && node[n].changing == 0 && \
         !HAS(node[n].members, whom) && cfg_epoch == node[n].epoch && cfg_epoch < EPOCHS && \
         HAS(node[n].heard, whom) && node[n].acked[whom] >= node[n].committed && \
         INHERITED(whom) -> \
       cfg_epoch++; cfg_members = cfg_members | BIT(whom); node[n].changing = whom + 4; \
       COUNT(whom); check_members() }

#ifdef BREAK_INHERITED
#define INHERITED(whom) true
#else
#define INHERITED(whom) (node[n].acked[whom] >= node[n].inherited)
#endif
#ifdef BREAK_JOIN
#define COUNT(whom) skip
#else
#define COUNT(whom) node[n].counted = node[n].counted | BIT(whom)
#endif

proctype replica(byte n) {
  byte e, set;
  do
  /* R1: propose. */
  :: d_step { node[n].leads && node[n].length < RECORDS ->
       node[n].log[node[n].length] = node[n].epoch;
       node[n].length++ }

  /* Its disk. A member syncs as it accepts, before it answers. */
  :: d_step { node[n].synced < node[n].length -> node[n].synced = node[n].length }

  /* R2, R6, R8: accept what somebody sends who believes to lead; cut what conflicts; answer. */
  :: ACCEPT(0)
  :: ACCEPT(1)
  :: ACCEPT(2)
  :: ACCEPT_UNHEARD(0)

  /* R3: commit what everybody who counts has on disk. */
#ifdef BREAK_SYNC
  :: d_step { node[n].leads && node[n].committed < node[n].length &&
#else
  :: d_step { node[n].leads && node[n].committed < node[n].synced &&
#endif
       (!HAS(node[n].counted, 0) || n == 0 || (HAS(node[n].heard, 0) && node[n].acked[0] > node[n].committed)) &&
       (!HAS(node[n].counted, 1) || n == 1 || (HAS(node[n].heard, 1) && node[n].acked[1] > node[n].committed)) &&
       (!HAS(node[n].counted, 2) || n == 2 || (HAS(node[n].heard, 2) && node[n].acked[2] > node[n].committed)) ->
       assert(committer[node[n].epoch] == 9 || committer[node[n].epoch] == n);
       committer[node[n].epoch] = n;
       if
       :: node[n].committed < truths -> assert(truth[node[n].committed] == node[n].log[node[n].committed])
       :: else ->
          assert(node[n].committed == truths);
          truth[truths] = node[n].log[truths];
          truths++
       fi;
       node[n].committed++;
       check_members() }

  /* R4: the coordinator decides; the primary learns of it later. */
  :: REMOVE(0)
  :: REMOVE(1)
  :: REMOVE(2)
#ifdef BREAK_REMOVE /* it was asked, and has not answered */
  :: d_step { node[n].leads && node[n].changing == 0 -> node[n].counted = BIT(n) }
#endif

  /* R7: who has everything joins, and counts from then on, whether the primary knows it yet or not. */
  :: JOIN(0)
  :: JOIN(1)
  :: JOIN(2)

  :: d_step { node[n].leads && node[n].changing != 0 ->
       e = node[n].epoch + 1;
       set = (node[n].changing < 4 -> node[n].members & ~BIT(node[n].changing - 1)
                                       : node[n].members | BIT(node[n].changing - 4));
       begin_epoch(n, e, set);
       e = 0; set = 0 }

  /* R5, R12: a member takes over at any time; so does a primary that restarted. */
  :: d_step { cfg_epoch < EPOCHS && !node[n].leads && (
#ifdef BREAK_LEARNER
       true ||
#endif
       HAS(cfg_members, n)) ->
       cfg_epoch++;
       if
       :: cfg_primary != n -> cfg_members = (cfg_members & ~BIT(cfg_primary)) | BIT(n)
       :: else
       fi;
       cfg_primary = n;
       begin_to_lead(n, cfg_epoch, cfg_members) }

  /* An old primary reads that it is none any more. */
  :: d_step { node[n].leads && cfg_epoch > node[n].epoch && cfg_primary != n -> fall_back(n) }

  /* One crash: what was not synced is gone, and so is memory. */
#ifdef BREAK_EPOCH
  :: d_step { crashes == 0 ->
#else /* who follows has everything on disk */
  :: d_step { crashes == 0 && node[n].leads ->
#endif
       crashes = 1;
       node[n].length = node[n].synced;
       if
       :: node[n].length < 1 -> node[n].log[0] = 0
       :: else
       fi;
       if
       :: node[n].length < 2 -> node[n].log[1] = 0
       :: else
       fi;
#ifdef BREAK_EPOCH
       node[n].epoch = 0;
#endif
       fall_back(n) }
  od
}

init {
  atomic {
    node[0].epoch = 1; node[1].epoch = 1; node[2].epoch = 1;
    begin_to_lead(0, 1, 7);
    run replica(0); run replica(1); run replica(2)
  }
}
