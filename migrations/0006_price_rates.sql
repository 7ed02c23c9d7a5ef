-- migrate:up

-- The rates of a price are one document, as the API shows it: {"rates": {…}, "tiers": […], "service_tiers": {…}} with
-- decimal strings. A price never changes, is always read whole, and nothing is joined to its parts; what has a rate, and
-- which stands in for one that is missing, is decided in one place, common/rates.
ALTER TABLE prices ADD COLUMN rates jsonb;
UPDATE prices SET rates = jsonb_build_object(
    'rates', jsonb_build_object('input', trim_scale(input_pusd * 0.000001)::text,
                                'cached_input', trim_scale(cached_input_pusd * 0.000001)::text,
                                'output', trim_scale(output_pusd * 0.000001)::text),
    'tiers', '[]'::jsonb, 'service_tiers', '{}'::jsonb);
ALTER TABLE prices
    ALTER COLUMN rates SET NOT NULL,
    ADD CHECK (jsonb_typeof(rates -> 'rates') = 'object' AND jsonb_typeof(rates -> 'tiers') = 'array'
               AND jsonb_typeof(rates -> 'service_tiers') = 'object'),
    DROP COLUMN input_pusd,
    DROP COLUMN cached_input_pusd,
    DROP COLUMN output_pusd;

-- migrate:down

-- Rates that the old columns cannot say are lost; what is missing becomes what stands in for it.
ALTER TABLE prices
    ADD COLUMN input_pusd        bigint CHECK (input_pusd >= 0),
    ADD COLUMN cached_input_pusd bigint CHECK (cached_input_pusd >= 0),
    ADD COLUMN output_pusd       bigint CHECK (output_pusd >= 0);
UPDATE prices SET
    input_pusd = coalesce(rates #>> '{rates,input}', '0')::numeric * 1000000,
    cached_input_pusd = coalesce(rates #>> '{rates,cached_input}', rates #>> '{rates,input}', '0')::numeric * 1000000,
    output_pusd = coalesce(rates #>> '{rates,output}', '0')::numeric * 1000000;
ALTER TABLE prices
    ALTER COLUMN input_pusd SET NOT NULL,
    ALTER COLUMN cached_input_pusd SET NOT NULL,
    ALTER COLUMN output_pusd SET NOT NULL,
    DROP COLUMN rates;
