# Sets a small company up on an empty GitLab with Perl's GitLab::API::v4, which sends JSON and names projects by number.
# Environment: GITLAB_URL, TOKEN, SECRET, PIPELINE, PUBLIC_KEY as for python_gitlab.py.
use strict;
use warnings;
use GitLab::API::v4;

my $gl = GitLab::API::v4->new(url => "$ENV{GITLAB_URL}/api/v4", private_token => $ENV{TOKEN}, retries => 0);
my $till_until = '2027-06-01';

# post is for what this version of the library has no method for.
sub post {
    my ($path, $ids, $params) = @_;
    my $headers = { 'private-token' => $ENV{TOKEN} };
    return $gl->rest_client->request('POST', $path, $ids, { headers => $headers, content => $params });
}

sub text {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/ = undef;
    return scalar <$in>;
}

$gl->create_group({ name => 'Northwind', path => 'northwind' });
my $top = $gl->group('northwind');
$gl->create_group({ name => 'Shop', path => 'shop', parent_id => $top->{id} });
my $shop = $gl->group('northwind/shop');
$gl->create_user({ username => 'mira', name => 'Mira Till', email => 'mira@northwind.example', force_random_password => 'true' });
my $mira = $gl->users({ username => 'mira' })->[0];
$gl->add_group_member($shop->{id}, { user_id => $mira->{id}, access_level => 40 });
my $till = $gl->create_project({ name => 'till', namespace_id => $shop->{id}, initialize_with_readme => 'true' })->{id};

$gl->create_file($till, 'config.env', { branch => 'main', content => "STRIPE_KEY=$ENV{SECRET}\n", commit_message => 'configure' });
$gl->create_commit($till, { branch => 'main', commit_message => 'deploy', actions => [
    { action => 'create', file_path => '.gitlab-ci.yml', content => text($ENV{PIPELINE}) },
] });
$gl->create_project_variable($till, { key => 'DEPLOY_TOKEN', value => 'EXAMPLE-till-value', masked => 'true', protected => 'true' });
$gl->create_group_variable($top->{id}, { key => 'REGISTRY_PASSWORD', value => 'EXAMPLE-top-value', masked => 'true' });
post('projects/:id/access_tokens', [$till], { name => 'release bot', scopes => ['read_api'], access_level => 30, expires_at => $till_until });
post('groups/:id/access_tokens', [$top->{id}], { name => 'crawler', scopes => ['read_api'], access_level => 20, expires_at => $till_until });
post('users/:id/personal_access_tokens', [$mira->{id}], { name => 'laptop', scopes => ['read_repository'], expires_at => $till_until });
post('projects/:id/deploy_tokens', [$till], { name => 'pull', scopes => ['read_registry'], expires_at => $till_until });
$gl->create_deploy_key($till, { title => 'mirror', key => $ENV{PUBLIC_KEY}, can_push => 'true' });
$gl->create_project_hook($till, { url => 'https://hooks.northwind.example/till', push_events => 'true', token => 'EXAMPLE-hook-token' });
my $nightly = $gl->create_pipeline_schedule($till, { description => 'nightly', ref => 'main', cron => '0 2 * * *' });
$gl->create_pipeline_schedule_variable($till, $nightly->{id}, { key => 'NIGHT_KEY', value => 'EXAMPLE-night-value' });
$gl->create_trigger($till, { description => 'chat' });
$gl->protect_branch($till, { name => 'release/*', push_access_level => 40 });

# A change goes its whole way: branch, merge request, merge, and nothing of it stays.
$gl->create_branch($till, { branch => 'spare', ref => 'main' });
$gl->create_file($till, 'note.txt', { branch => 'spare', content => 'one', commit_message => 'note' });
$gl->create_label($till, { name => 'small', color => '#336699' });
my $issue = $gl->create_issue($till, { title => 'a note', labels => 'small' });
my $change = $gl->create_merge_request($till, { title => 'Add a note', source_branch => 'spare', target_branch => 'main' });
die 'changes' unless $gl->merge_request_with_changes($till, $change->{iid})->{changes}[0]{new_path} eq 'note.txt';
$gl->accept_merge_request($till, $change->{iid}, { should_remove_source_branch => 'true' });
$gl->edit_issue($till, $issue->{iid}, { state_event => 'close' });
die 'merged' unless join(' ', map { $_->{path} } @{ $gl->tree($till) }) eq '.gitlab-ci.yml README.md config.env note.txt';
$gl->delete_file($till, 'note.txt', { branch => 'main', commit_message => 'no note' });
die 'branches' unless @{ $gl->branches($till) } == 1;
die 'closed' if @{ $gl->issues($till, { state => 'opened' }) };

my $pages = $gl->paginator('groups', { per_page => 1, search => 'shop' });
die 'groups' unless $pages->next->{full_path} eq 'northwind/shop' && !$pages->next;
die 'absence' if defined $gl->project('northwind/none');
