import type { Creator } from '@rapport/catalog/creator.ts';
import { wordsOf } from './lexicon.ts';

const hello = '(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day))';
const name = '(?: (?:there|coach|everyone|again|you|all))*';
const howAreYou = '(?:how are you(?: doing)?(?: today)?|how s it going|what s up)';
const praise = '(?:(?:ok|okay|great|cool|perfect|nice|awesome|wonderful|got it) )*';
const thanks = '(?:many thanks|thanks?|thank you|thx|cheers|ty)(?: (?:so|very) much| a lot| a bunch)?';
const why = '(?: .{0,40}(?:helpful|help|helps|helped|great|good|useful|coach))?';
const bye = '(?:bye|goodbye|bye bye|see you|see ya|good night|take care)';
const meant = 'what i (?:asked|meant|mean|wanted)(?: for| about)?';
const useful = '(?:right|helpful|it|the answer|an answer)';
const notThat = [
  '^(?:no|nope|nah|wrong|not really|not quite|not helpful)$',
  `^(?:no )?(?:that|this|it) (?:s|is|was) (?:wrong|not (?:${meant}|${useful}))(?: at all)?$`,
  `^(?:no )?(?:that|this|it) (?:isn|wasn)(?: t)? (?:${meant}|${useful})(?: at all)?$`,
  '^(?:no )?(?:that|this|it) (?:didn t|doesn t|did not|does not) (?:help|answer)(?: me| my question)?$',
  '^(?:no )?you (?:didn t|did not) answer(?: me| my question| that)?$',
];
const questionsAboutSelf = [
  '^(?:who|what) are you$',
  '^are you (?:a |an )?(?:real|human|person|bot|robot|ai|machine)(?: person)?$',
  '^(?:am i|is this) .{0,20}(?:bot|robot|ai|human|person|machine)$',
  '^what (?:can|do) you (?:do|help(?: me)? with|know)(?: for me| about)?$',
  '^(?:can you )?help(?: me)?$',
  '^how can you help(?: me)?$',
];
const patterns = {
  greeting: new RegExp(`^(?:${hello}${name} ?)+${howAreYou}?$`),
  wellbeing: /^(?:how are you(?: doing)?(?: today)?|how s it going|what s up|how do you do)$/,
  thanks: new RegExp(`^${praise}${thanks}${why}$`),
  assent:
    /^(?:ok|okay|great|cool|perfect|nice|awesome|wonderful|got it|sounds good|will do|i see|makes sense)$/,
  goodbye: new RegExp(`^(?:(?:ok|okay) )?${bye}(?: (?:later|soon|coach|tomorrow))?$`),
  missed: new RegExp(notThat.join('|')),
  self: new RegExp(questionsAboutSelf.join('|')),
};

/** A longer message is more than small talk. */
const charsMax = 200;

/** The answer to a message that asks for no knowledge (a greeting, thanks); undefined for any other. */
export function smallTalk(text: string, creator: Creator): string | undefined {
  if (text.length > charsMax) return undefined;
  const said = wordsOf(text).join(' ');
  const kind = (Object.keys(patterns) as (keyof typeof patterns)[]).find((each) => patterns[each].test(said));
  switch (kind) {
    case undefined:
      return undefined;
    case 'greeting':
      return creator.greeting || `Hello, this is ${creator.name}. What would you like to talk about?`;
    case 'wellbeing':
      return `Thank you for asking. I am here and ready. What is on your mind?`;
    case 'thanks':
      return `You're welcome. I am here whenever you want to go on.`;
    case 'assent':
      return `Good. Tell me how it goes, or ask me the next thing.`;
    case 'goodbye':
      return `Take care. You can come back at any time.`;
    case 'missed':
      return `I am sorry that missed it. Could you ask in other words, or tell me a little more?`;
    case 'self':
      return aboutSelf(creator);
  }
}

function aboutSelf(creator: Creator): string {
  const who = `I am the automated coach of ${creator.name}. I answer from what ${creator.name} has written.`;
  if (creator.suggestions.length === 0) return who;
  return `${who} You could ask me, for example: ${creator.suggestions.slice(0, 2).join(' ')}`;
}
