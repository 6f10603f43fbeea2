-- Why a person has to look at an order, as a code with its values beside the words. A release before writes words alone, which stay words: they are
-- shown as they are. Of what there is already, each single sentence that names nothing but an invoice gets its code; an id has 30 characters.
alter table orders add column attention_reason text;
alter table orders add column attention_detail text;
update orders set attention_reason = 'its-payment-given-back', attention_detail = '{"payment":"' || substr(attention, 13, 30) || '"}'
  where attention like 'its payment inv%' and substr(attention, 43) = ' was given back';
update orders set attention_reason = 'its-payment-left-chain', attention_detail = '{"payment":"' || substr(attention, 13, 30) || '"}'
  where attention like 'its payment inv%' and substr(attention, 43) = ' left the chain';
