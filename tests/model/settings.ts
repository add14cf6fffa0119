/** A suite that draws other sequences each time fails when nobody has changed anything. */
const seedOfTheSuite = 1;

/**
 * How long the model runs:
 *
 *   STOCKADE_MODEL_RUNS=500 npm test -- tests/model     so many sequences, other ones each time, instead of the suite's few
 *   STOCKADE_MODEL_SEED=42                              the sequences of that seed; those of the suite never change
 *   STOCKADE_MODEL_SHRINK_SECONDS=600                   how long a sequence that fails is shrunk, 60 unless set
 *
 * A run that fails prints the line that repeats it: with STOCKADE_MODEL_PATH and STOCKADE_MODEL_REPLAY too, which lead
 * straight to the sequence that it was shrunk to.
 */
export function modelSettings(runsInTheSuite: number) {
  const {
    STOCKADE_MODEL_RUNS,
    STOCKADE_MODEL_SEED,
    STOCKADE_MODEL_SHRINK_SECONDS,
    STOCKADE_MODEL_PATH,
    STOCKADE_MODEL_REPLAY,
  } = process.env;
  return {
    runs: Number(STOCKADE_MODEL_RUNS || runsInTheSuite),
    seed: STOCKADE_MODEL_SEED
      ? Number(STOCKADE_MODEL_SEED)
      : STOCKADE_MODEL_RUNS
        ? undefined
        : seedOfTheSuite,
    shrinkSeconds: Number(STOCKADE_MODEL_SHRINK_SECONDS || 60),
    path: STOCKADE_MODEL_PATH,
    replayPath: STOCKADE_MODEL_REPLAY,
  };
}
