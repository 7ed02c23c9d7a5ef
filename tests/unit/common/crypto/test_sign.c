#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/crypto/digest.h"
#include "common/crypto/sign.h"

/* Made for this test, with the command openssl. */
/* 2048 bits. */
static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCcX/z2YgMI6//q\n"
                              "APLdRoig8IYKwl8yPUxBY+8SF7iyirFhpphtiW8/d0KCRlNdtjvMaE0en2hZf+3w\n"
                              "hrb9i21wXdSVUre5WpclcC5M55FRO9GhBiX+w+puHmosm+Ux1nupbuNMs9LJETkh\n"
                              "W5b0FvXuolNSSGnq3+6U/EGrivm3f+i04IERDA/ckhEVTaXsVn3STpVa3Pt3my6Q\n"
                              "POlVGMF7KmeTUAqI1epeFKdRvUIygHEVnCYMX2P+CqIvI2IgoAhMNOieUISj9qGJ\n"
                              "j0hvYzwv6lMZF4wX0xxMzpob7X/KYsAFrMVOfhbCZrAbb7GRQg/zVaqw6KRsU7c1\n"
                              "gwWqddhNAgMBAAECggEABNPfZ1H9Cd0kIenBc4/GOg4B1E/fN5E+oG5x/AW9/ajT\n"
                              "rxZJpb3uY8VFpvkotD+aewHDdZv2po07ym2Dm8vaODgObPAh8ejHMewX8/hA3YMW\n"
                              "yvTXkftWjJZLqLUJQpPk5dplzaOJ+YNFV4TDndANQRyQE2zWWu+d84WJoCUk1N0w\n"
                              "S7YzZ27FJ7X6ImbeG9j3x6vmuPPBggIAv4Pck0yYTfg4FnmSUHxzVZEH/OTRcCEx\n"
                              "j388zoj+OnnlRKt7OI+19b9U/k1SxVp7/PvbCZYbYTdEGVSuNpbWvPiBr1Pd8mIN\n"
                              "asCNGY3Jx64ZahadYTtW9wbz/+6M7AX9drcdSImolQKBgQDJ0JV4ZO0s+RQcU1c6\n"
                              "jhVt9pldxzNv9zOLVnID6uruqhFBQfiSv639PtzHf6WoYXRYBCm9Q23USi+T/i3y\n"
                              "XMMoe+eClldwgDlAbWluk4LIsktwlmYcMwwWZm8uwq1jVJ4w7xavbI9WmRo6dr3i\n"
                              "bItDs6W3pjoVrVwA5GD1DOp5DwKBgQDGXCuhwAxBJEzBmc+NiHZvuk+h+MG4l6Nj\n"
                              "xQf/bOpvJqHnAhGMw+e/p28uZ3H1fRIgSSDAeOs5AVWO+dL+Go9dXUSs9V30WJZ3\n"
                              "eLOpNS/y45AO3PxzMyrp2gSXKCFBFFDlOlsGJ4uwAfjfIIuDXTTUIabG47nYdMHk\n"
                              "mrulE6uA4wKBgA/wYV242uKKaYQzMNh3EEo3B7XYXb+iDngaw7Z7f0KKPAKjazZr\n"
                              "3Rn7NQSsmDDMQZwR+BnykWIK2eceVBKoMOGpp4cwyIciGWN1QLZzAAlJy5uAxV/E\n"
                              "yFecj3tp9Le7nyLOP0RrloaIYQHtDuIrIHSgY541irDbmECZyO6RrpMRAoGBAIMb\n"
                              "ZsdpfXANAyKvfCzrNoUQmxPOrJRKvfbywx+DqMxAt6BNkLX+wo29qFH+k6cTvMhU\n"
                              "LW6qPacXB6sR2vCTM5EdVYgQQcKATyu2PuGnQwMCgDQiwkWOW13n+ULDhn9SY0mv\n"
                              "sXw25TA3jXxFMZFpKMLRXz90Q2EbgxCLaV1py+DLAoGBAIcXxeNzl2HOsbvb4XRE\n"
                              "LoNWvB1g9rpH6/lgyYgAPXJpirEOm0mVfsOGMoMv88bpfTdl50Ldzs6TGTo4mJyp\n"
                              "qTPMMww66bvOqTEVq21WO6HaMwEKyitFg1NS9R53m26Eq5nDYEXRyt6XQ+PDopwW\n"
                              "7ayagEXjrQAm6UCGTN6M1Wal\n"
                              "-----END PRIVATE KEY-----\n";
/* 1024 bits. */
static const char short_key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                                    "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAJ4Q72iQCB+rxeqC\n"
                                    "NOHiUdxCks8Sy9pTtgZLi6AYVuoB2l8br7pSRMr38N6o0QGYkz02rs/EmEwG3Crn\n"
                                    "W+Af1Qt/rDhIHVv71cZwTO46Sw8mGywuyaPSL0DKYAS9tNkrn05uobKoE3Sf1LM4\n"
                                    "rI9mAGIUmonNW99PeeHZksaFdMu7AgMBAAECgYEAjwpOTPaCk36T1TtNddikMcoB\n"
                                    "JukglwvIHnxA93jvNkbFAeqBJQCMBo1HaYel1GbpX6zbl2OWWr6egSjrSLAlzxzv\n"
                                    "lS6ralwlIOxN8jDb/gbKevsuyUlRGUIIVSEJ05hBOR5WMtv5OqtZrH3h3A7iUrk4\n"
                                    "LKdO/CpH88oX53CvnWkCQQDM5cJ1euUeB5tXuTzSq3qe113oyEAD0aD1SVfd9/aE\n"
                                    "6gp/p28avaDAFiwG3kxvC5N7r/cIwkpm3682VZTijLGlAkEAxX0ZtiAv7jtfKy1p\n"
                                    "LWAbMR4qqm9E7N5xtJh2uvCOQ0lQ79BKBrCJXS9rNmNqOpcY1bk9hfBDl8H3Mu3D\n"
                                    "ZOZJ3wJAawMEkL7istBePW6taYnNvO/WSCFt7ZCqc/EeRvuecMSbPxh/WoP3VNs/\n"
                                    "m0a2vLhbCppYduaiXSAuLj58R+YbUQJAOVFWvgpXfvBSbcivRxEmsznLLk4/FfR1\n"
                                    "0fGSPC2HTLYhvIiag5iHNbmGh3GRKlIiTh2GYrJaG9ia83gYhtdjxwJBAK3OFvGT\n"
                                    "pFKxrdvX9sRQ9A44L4rPHAR+OJANh8aiuxSOjAkLzR+Bf7Kcd/8IuF45NrjcZwpM\n"
                                    "vKuUQD2wBoBSga0=\n"
                                    "-----END PRIVATE KEY-----\n";
/* On a curve. */
static const char curve_key_pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                    "MHcCAQEEICEfQlQqVpg6YM75DzpQ8h4Coqs9pFmCZILft52roQTjoAoGCCqGSM49\n"
                                    "AwEHoUQDQgAE30D1iAdDz8sJU+KEtxL95SJLLnFcP4gzW4rl4m33XpzLEB1Pku8Y\n"
                                    "DMK9z/inlk3U4PcTW6cv91GqMn2Mk3/iJw==\n"
                                    "-----END EC PRIVATE KEY-----\n";
/* The first, under a passphrase. */
static const char encrypted_key_pem[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                        "MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQILxoiYaRF/mwCAggA\n"
                                        "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBBJ68HQ290EnwRkhwJ//wv6BIIE\n"
                                        "0OWbXUqAWRP9c8WQ4BwGupXHDwpmPGQjdMTttG8X3VQIlSB6O5wo0coyphpFZbZ9\n"
                                        "ZA3Yn0MxxLEUcJcG3wx3uTbf9OBp/u44mBBCt2cxkw57mdprt11JL7ellfncP0BJ\n"
                                        "vR0gPM56nTFeg18mvqhCKGJSG2l1vKWp/UoviHUyJbfnJxVPR5XvGThhpPUHfE8z\n"
                                        "V0f78f031I4PksJtkm0GEsUMsgGLNWGowVy2o5N9Ot6XGywrEK02JAkFp9vxINiF\n"
                                        "khi0HrYK6vGi89H8apJQVWK0dy3iVz7jzkhkE1RofHz5hbn3bBAMmZgcXERMmbjq\n"
                                        "NvZczQmTsdWvc8c8nuBbpTRqEN9utb5oA+gt5W+Ktu06Yy4Zzra6O7TVnhrGogZY\n"
                                        "Fl5uWAeOEuozT2tivWZsFLss28zHkis9bS6y1CBWV2fKC8QCYfQc92KpOmJeXXoO\n"
                                        "abi5qhB+lZGY2lxm+KwHNSohXgehNeciTLqptR8L9JqhUkerlc7PFSI46ZLX5A6P\n"
                                        "y3yyiRO8Anq20jjFU1nJM8u53hRAgw1mXSI5fVB+4RTTvG0Z/0Zn5hmnMDSINXSM\n"
                                        "3ie3u9M11eB9oaiVqmrLx10cexgBJH6Ec3oc8FjADImThNJl9o+AQ9Mn3Ty8g2hV\n"
                                        "qgVSQtdF7U8wmcwU+Yj4KcWKymy7pCAWId3MpbG4uFKij8Vv+AJVTyIrLaH5tL/6\n"
                                        "f1U9rx4yEYubzMrm67OweFUAd6Vpaf3kDhYoCvDksHZ2kqQVnupkIj6Hy5RzStCA\n"
                                        "47Rl8QBc57ShvWtSQSXP8Iv5mOK3EZUr2CN74PvTp4zrAAYMYZJQ5ejQvkuFd5wy\n"
                                        "WPvROaTT54lokt3nRWYKEtS+o6MoLxnaRQjiTqXwsSohtBZnStTfMBjKmO8FkpsN\n"
                                        "Il7zZ+DYAzctFcw5F8DqU9y6b96byLQ6VlfeJfFAi7cUWZP3QPaQaBwG/s92sMiF\n"
                                        "ncxCU5fDzNdNDpraZ3Dzg6qm2ORlooJKup4emv9aOYm1xQ7/9kvM/jsG7Oekx0gS\n"
                                        "L7oIkc/1uwGEndvCICX5n8nY2MV6r7+6IhOINGpLPuxeKpKy7RRyGsLo69CQePR7\n"
                                        "SPaSfPmGfU/pYewBKCbZHjTBAn1BN0Mn8ah3UFiTMtiPSxAjmvJLtJBGGNKIVo4q\n"
                                        "vCtwSZm2XRgau6keEggPfNpjGO+gHFHCEYw9dxvdGybjKRS0gdWsh7BwEvNiIRNf\n"
                                        "8igbCTkDMhrXx3WzAi8nYV/dbcZRhsilHwOlxy4BhMnc6lsCi1gc+Nt31SlFmcbV\n"
                                        "CuZ2ca3/B0U3kwQQIXncdM8H6zeT4oPXHW7JFqrSod4xnnJyBhAMr0hZiCUbA1lJ\n"
                                        "OaUg1Tifwjj8ZvwnoAU023Vc+TbQMNjDrsu00acCtgRV9/sICHWemkvDSAYCQ0hD\n"
                                        "lTsykR6tbDLm00jZLOagZxbJSWYqvkUj/MpLDx6ZzuloXPH8cp2XruCJOBDYKKBi\n"
                                        "aCVQ3o313m4gmq9NdQLGlBzPLvW9d0DX/gHZoRgZ5zQre9suNg9Kf7czroXHYvK+\n"
                                        "V3q+1Aok0LXYD9esk4qtzBQ+ylkg7MSfhWXJKr87JB+kQMVcI1h+AjYmaSBXXChx\n"
                                        "G1sf6qo4lN6c/eDN7lfILh+UE4+nu0Db9nEFKmDj6B31\n"
                                        "-----END ENCRYPTED PRIVATE KEY-----\n";
/* printf header.claims | openssl dgst -sha256 -sign … */
static const char signature_hex[] =
    "0bd08609cd83ac28a33b669c5125a7c3bc65f8a730ccff32163492e71e59941d0adba6102345713c759f895dcff0a72b"
    "6a9bff01ed66a9ec05c95d5f39e98fc81fde7392431f01805c3f7c8a87396356e1484578a1e1543f9af11ffaac730a5e"
    "c1db96624fddabac833eae06c8ad26678ebfa204a534b3447dec47281c511baf6ec4cdc6d48e736c173139baf621bf73"
    "32637241d890e00a5538b3e9819d66568c48c5fbb1cde2c8563dce8f60fb4f816704b32aaeada02ede3af8573562c503"
    "98fe8d851a15fce86e002bdcd2f3662a840b7502281199ff33568bac5470deb7de99f03a21db8906cc4c9a612c44db79"
    "dbd977575b9f70508f7c1804381c2202";

static void a_signature_is_the_one_that_openssl_s_command_makes(void **state)
{
    struct tg_buf signature;
    struct tg_error error;
    tg_buf_init(&signature, 3 + TG_SIGN_MAX_RSA_BYTES);
    assert_int_equal(tg_buf_append(&signature, tg_text_of("abc")), TG_OK);
    assert_int_equal(tg_sign_rs256(tg_text_of(key_pem), tg_text_of("header.claims"), &signature, &error), TG_OK);
    assert_int_equal(signature.bytes, 3 + 256); /* appended */
    char hex[2 * 256 + 1];
    tg_hex_encode(signature.data + 3, 256, hex);
    assert_string_equal(hex, signature_hex); /* PKCS #1 v1.5 signatures have no chance in them */
    tg_buf_deinit(&signature);
}

static void only_an_rsa_key_of_a_decent_size_without_passphrase_is_one(void **state)
{
    struct tg_error error;
    assert_int_equal(tg_sign_check_rsa_key(tg_text_of(key_pem), &error), TG_OK);
    const char *const bad[] = {"", "no key", short_key_pem, curve_key_pem, encrypted_key_pem};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        assert_int_equal(tg_sign_check_rsa_key(tg_text_of(bad[i]), &error), TG_INVALID);
        assert_null(strstr(error.message, "BEGIN"));
        struct tg_buf signature;
        tg_buf_init(&signature, TG_SIGN_MAX_RSA_BYTES);
        assert_int_equal(tg_sign_rs256(tg_text_of(bad[i]), tg_text_of("x"), &signature, &error), TG_INVALID);
        assert_int_equal(signature.bytes, 0);
        tg_buf_deinit(&signature);
    }
}

static void there_must_be_room_for_a_signature(void **state)
{
    struct tg_buf signature;
    struct tg_error error;
    tg_buf_init(&signature, TG_SIGN_MAX_RSA_BYTES - 1);
    assert_int_equal(tg_sign_rs256(tg_text_of(key_pem), tg_text_of("x"), &signature, &error), TG_TOO_LARGE);
    tg_buf_deinit(&signature);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_the_one_that_openssl_s_command_makes),
        cmocka_unit_test(only_an_rsa_key_of_a_decent_size_without_passphrase_is_one),
        cmocka_unit_test(there_must_be_room_for_a_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
