import { stem } from './stem.ts';

/**
 * Everyday words that people and authors use for the same thing, one group a line; the first stands for all.
 * Only words that mean little else are here: a wrong merge hides more than a missing one.
 */
const groups = `
work job career occupation workplace
boss manager supervisor
colleague coworker teammate
exercise workout gym jog
alcohol wine beer liquor booze
caffeine coffee espresso
food meal
eat snack
holiday vacation
worry anxious anxiety anxieties
stress stressful stressed pressure
tired exhausted exhaustion fatigue sleepy weary
asleep sleep slept sleeping
awake wake woke waking
evening night nighttime
morning dawn
phone smartphone cellphone mobile
email mail inbox
notification alert ping
screen display monitor
internet online web website
buy purchase shop order
price cost fee pricing
refund moneyback
cancel unsubscribe
subscription membership
doctor physician gp
medicine medication drug pill
slip relapse lapse
procrastination procrastinate postpone delay
begin start commence
goal resolution target aim
craving urge temptation
quit stop cease
interrupt interruption disturb disturbance
distraction distract distracted
focus concentrate concentration attention
calm relax relaxed relaxation soothe
noise noisy loud
routine ritual
weekend saturday sunday
ruminate rumination overthink overthinking
speech presentation
symptom sign
mistake error failure
fast faster quick quicker quickly rapid
child kid children
money cash finance
teach train coach
0 zero
1 one
2 two
3 three
4 four
5 five
6 six
7 seven
8 eight
9 nine
10 ten
15 fifteen
20 twenty
30 thirty
60 sixty
90 ninety
`;

const firstOf = new Map(
  groups
    .trim()
    .split('\n')
    .flatMap((line) => {
      const words = line.split(' ').map(stem);
      return words.map((word): [string, string] => [word, words[0] ?? word]);
    }),
);

/** The stem that stands for all stems of the same meaning. */
export function canonical(stemmed: string): string {
  return firstOf.get(stemmed) ?? stemmed;
}
