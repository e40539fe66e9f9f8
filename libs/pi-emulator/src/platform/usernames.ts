const GIVEN = (
  'amara adwoa bjorn carmen chinh dalia diego elif emeka fatima goran hana ines isaac jomo kaito kwame lakshmi ' +
  'lena linh mateo mei minho nadia nikos olga omar priya rafael ravi rosa samira sven tariq thanh uma viktor wanjiru yusuf zofia'
).split(' ');
const FAMILY = (
  'achebe bauer costa diaz eriksen farah garcia hoang ivanov jensen kimura lopez mensah nguyen okafor park quispe ' +
  'rossi santos tanaka usman vargas weber xu yilmaz zhang'
).split(' ');

/** A username as Pioneers choose them: letters and digits. `pick(n)` gives a number below n. */
export function makeUsername(pick: (below: number) => number, isTaken: (username: string) => boolean): string {
  for (;;) {
    const given = GIVEN[pick(GIVEN.length)];
    const family = FAMILY[pick(FAMILY.length)];
    const username = `${given}${family}${pick(3) === 0 ? '' : pick(1000)}`;
    if (!isTaken(username)) return username;
  }
}
